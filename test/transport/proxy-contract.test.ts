// The pipe contract behind a proxy, over TCP, Unix sockets and WebSocket, with both kinds of pipes, from both ends.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { systemClock } from "#base";
import { type ConnectPipes, tcpListener, webSocketListener } from "#transport";
import { peerAddressOf } from "../../src/transport/peer-address.ts";
import { SocketPipe } from "../../src/transport/socket-pipe.ts";
import { WebSocketPipe } from "../../src/transport/websocket-pipe.ts";
import { testContract, through } from "../support/pipe-contract.ts";
import { proxyItself, proxyUnknown, socketBehind, webSocketOver } from "./through-proxy.ts";

let folder = "";
let sockets = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "martlet-proxied-"));
});

afterAll(() => rm(folder, { recursive: true }));

const behindProxy = { host: "127.0.0.1", port: 0, proxyProtocol: true, trustedProxies: ["127.0.0.1"] };

function overTcp(pipes: "net" | "handle"): ConnectPipes {
  return (graceMs) =>
    through(tcpListener({ ...behindProxy, pipes, graceMs }), async ({ port }) => {
      const socket = await socketBehind(proxyItself, { port });
      return new SocketPipe(socket, "tcp", { clock: systemClock(), graceMs });
    });
}

function overUnix(pipes: "net" | "handle"): ConnectPipes {
  return (graceMs) => {
    const path = join(folder, `${sockets++}.sock`);
    return through(tcpListener({ path, proxyProtocol: true, pipes, graceMs }), async () => {
      const socket = await socketBehind(proxyUnknown, { path });
      return new SocketPipe(socket, "unix", { clock: systemClock(), graceMs });
    });
  };
}

const transports: Readonly<Record<string, ConnectPipes>> = {
  "tcp, net": overTcp("net"),
  "tcp, handle": overTcp("handle"),
  "unix, net": overUnix("net"),
  "unix, handle": overUnix("handle"),
  websocket: (graceMs) =>
    through(webSocketListener({ ...behindProxy, graceMs }), async ({ port }) => {
      const socket = await socketBehind(proxyItself, { port });
      const webSocket = await webSocketOver(socket);
      // What `ws` waits for the peer is its server's own setting.
      (webSocket as unknown as { _closeTimeout: number })._closeTimeout = graceMs;
      return new WebSocketPipe(webSocket, socket, { peer: peerAddressOf(socket, "websocket") });
    }),
};

testContract(transports);
