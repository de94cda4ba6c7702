import type { TLSSocket } from "node:tls";
import { expect, test } from "vitest";
import { VirtualClock } from "#testing";
import { HandshakeReports } from "./handshake-reports.ts";

const socket = { remoteAddress: "192.0.2.7", remotePort: 50_000 } as TLSSocket;

test("a flood of failures is one line a second, with their number", () => {
  const clock = new VirtualClock();
  const said: string[] = [];
  const reports = new HandshakeReports(clock, ({ message }) => said.push(message));
  const failure = Object.assign(new RangeError("OpenSSL says numbers"), { reason: "wrong version number" });
  for (let i = 0; i < 1_000; i++) reports.failed(failure, socket);
  clock.advance(999);
  reports.failed(failure, socket);
  clock.advance(1);
  reports.failed(failure, socket);
  clock.advance(1_000);
  reports.failed(failure, socket);
  const sentence = "The TLS handshake with 192.0.2.7 port 50000 failed: wrong version number";
  expect(said).toEqual([sentence, `${sentence} (and 1000 more since the last report)`, sentence]);
});
