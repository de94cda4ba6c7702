/** The pipe contract on every transport, from both ends. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { systemClock } from "#base";
import { testContract, through } from "../../test/support/pipe-contract.ts";
import type { ConnectPipes } from "./contract.ts";
import { memoryPipes } from "./memory.ts";
import type { PipeKind } from "./pipe-choice.ts";
import { connectTcp, tcpListener } from "./tcp.ts";
import { connectWebSocket, webSocketListener } from "./websocket.ts";

let folder = "";
let sockets = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "martlet-pipes-"));
});

afterAll(() => rm(folder, { recursive: true }));

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

testContract(transports);
