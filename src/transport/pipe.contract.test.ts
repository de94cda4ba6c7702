/** The pipe contract on every transport, from both ends. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { systemClock } from "#base";
import { type ConnectPipes, pipeContract } from "./contract.ts";
import { memoryPipes } from "./memory.ts";
import type { ListeningAddress, Pipe, TransportListener } from "./pipe.ts";
import type { PipeKind } from "./pipe-choice.ts";
import { connectTcp, tcpListener } from "./tcp.ts";
import { connectWebSocket, webSocketListener } from "./websocket.ts";

let folder = "";
let sockets = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "martlet-pipes-"));
});

afterAll(() => rm(folder, { recursive: true }));

/** Connects through a listener that is closed again at once, since existing pipes go on. */
async function through(
  listener: TransportListener,
  dial: (address: ListeningAddress) => Promise<Pipe>,
): Promise<readonly [Pipe, Pipe]> {
  const { promise: accepted, resolve } = Promise.withResolvers<Pipe>();
  const [address] = await listener.start(resolve);
  const pipes = await Promise.all([dial(address as ListeningAddress), accepted]);
  await listener.close();
  return pipes;
}

function overTcp(host: string, pipes: PipeKind): ConnectPipes {
  return (graceMs) =>
    through(tcpListener({ host, port: 0, pipes, graceMs }), ({ port }) =>
      connectTcp({ host, port, graceMs }),
    );
}

function overUnix(pipes: PipeKind): ConnectPipes {
  return (graceMs) => {
    const path = join(folder, `${sockets++}.sock`);
    return through(tcpListener({ path, pipes, graceMs }), () => connectTcp({ path, graceMs }));
  };
}

/** The dialer's end is a net pipe everywhere. */
const transports: Readonly<Record<string, ConnectPipes>> = {
  "tcp on IPv4, net": overTcp("127.0.0.1", "net"),
  "tcp on IPv6, net": overTcp("::1", "net"),
  "tcp on IPv4, handle": overTcp("127.0.0.1", "handle"),
  "tcp on IPv6, handle": overTcp("::1", "handle"),
  "unix, net": overUnix("net"),
  "unix, handle": overUnix("handle"),
  websocket: (graceMs) =>
    through(webSocketListener({ host: "127.0.0.1", port: 0, graceMs }), ({ port }) =>
      connectWebSocket({ url: `ws://127.0.0.1:${port}/mqtt`, graceMs }),
    ),
  memory: async (graceMs) => memoryPipes(systemClock(), { graceMs }),
};

describe.each(Object.entries(transports))("%s", (_name, connect) => {
  const reversed: ConnectPipes = async (graceMs) => {
    const [dialer, acceptor] = await connect(graceMs);
    return [acceptor, dialer];
  };
  for (const { name, run } of pipeContract) {
    test(`${name} (dialer first)`, () => run(connect));
    test(`${name} (acceptor first)`, () => run(reversed));
  }
});
