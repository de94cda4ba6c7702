// The pipe contract over TLS and over WebSocket on TLS, bare and behind a proxy, with both kinds of pipes, from both ends.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll } from "vitest";
import { systemClock } from "#base";
import {
  type ConnectPipes,
  connectTls,
  connectWebSocket,
  secureWebSocketListener,
  tlsListener,
} from "#transport";
import { peerAddressOf } from "../../src/transport/peer-address.ts";
import { TlsSocketPipe } from "../../src/transport/tls-socket-pipe.ts";
import { type Certificates, makeCertificates } from "../conformance/certificates.ts";
import { testContract, through } from "../support/pipe-contract.ts";
import { type Pair, textsOf } from "./certificates.ts";
import { proxyItself, secured, socketBehind } from "./through-proxy.ts";

let certificates: Certificates;
let pair: Pair;
let ca = "";

beforeAll(() => {
  certificates = makeCertificates();
  pair = textsOf(certificates);
  ca = readFileSync(certificates.ca, "utf8");
});

afterAll(() => certificates.remove());

const local = { host: "127.0.0.1", port: 0 };
const behindProxy = { proxyProtocol: true, trustedProxies: ["loopback"] };

/** The dialer's end is a net pipe everywhere. */
function overTls(pipes: "net" | "handle"): ConnectPipes {
  return (graceMs) =>
    through(tlsListener({ ...local, ...pair, pipes, graceMs }), ({ port }) =>
      connectTls({ port, ca, graceMs }),
    );
}

function overProxiedTls(pipes: "net" | "handle"): ConnectPipes {
  return (graceMs) =>
    through(tlsListener({ ...local, ...pair, ...behindProxy, pipes, graceMs }), async ({ port }) => {
      const socket = await secured(await socketBehind(proxyItself, { port }), { ca });
      const address = peerAddressOf(socket, "tls");
      const home = { clock: systemClock(), graceMs };
      return new TlsSocketPipe(socket, home, { address, pskIdentity: undefined, isVerified: true });
    });
}

const transports: Readonly<Record<string, ConnectPipes>> = {
  "tls, net": overTls("net"),
  "tls, handle": overTls("handle"),
  "tls behind a proxy, net": overProxiedTls("net"),
  "tls behind a proxy, handle": overProxiedTls("handle"),
  wss: (graceMs) =>
    through(secureWebSocketListener({ ...local, ...pair, graceMs }), ({ port }) =>
      connectWebSocket({ url: `wss://127.0.0.1:${port}/mqtt`, tls: { ca }, graceMs }),
    ),
};

testContract(transports);
