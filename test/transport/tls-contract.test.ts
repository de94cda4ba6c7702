// The pipe contract over TLS, with both kinds of pipes, from both ends.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, test } from "vitest";
import { type ConnectPipes, connectTls, type Pipe, pipeContract, tlsListener } from "#transport";
import { type Certificates, makeCertificates } from "../conformance/certificates.ts";

let certificates: Certificates;

beforeAll(() => {
  certificates = makeCertificates();
});

afterAll(() => certificates.remove());

/** The dialer's end is a net pipe. */
function overTls(pipes: "net" | "handle"): ConnectPipes {
  return async (graceMs) => {
    const [cert, key, ca] = [certificates.cert, certificates.key, certificates.ca].map((file) =>
      readFileSync(file, "utf8"),
    ) as [string, string, string];
    const { promise: accepted, resolve } = Promise.withResolvers<Pipe>();
    const listener = tlsListener({ host: "127.0.0.1", port: 0, cert, key, pipes, graceMs });
    const [address] = await listener.start(resolve);
    const ends = await Promise.all([connectTls({ port: address?.port ?? 0, ca, graceMs }), accepted]);
    await listener.close();
    return ends;
  };
}

describe.each(["net", "handle"] as const)("tls, %s", (pipes) => {
  const connect = overTls(pipes);
  const reversed: ConnectPipes = async (graceMs) => {
    const [dialer, acceptor] = await connect(graceMs);
    return [acceptor, dialer];
  };
  for (const { name, run } of pipeContract) {
    test(`${name} (dialer first)`, () => run(connect));
    test(`${name} (acceptor first)`, () => run(reversed));
  }
});
