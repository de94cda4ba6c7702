// The TLS listener: who gets in, who does not, and what is said of those who do not.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as connectNet, type Socket } from "node:net";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { ConfigError } from "#base";
import {
  connectTls,
  type ListenError,
  type Pipe,
  type PipeReceiver,
  type TlsListenerOptions,
  tlsListener,
} from "#transport";
import { runWell } from "../support/programs.ts";
import { until } from "../support/until.ts";
import { type MutualCertificates, makeMutualCertificates, textsOf } from "./certificates.ts";

let certificates: MutualCertificates;
let ca = "";

beforeAll(() => {
  certificates = makeMutualCertificates();
  ca = readFileSync(certificates.ca, "utf8");
});

afterAll(() => certificates.remove());

const silent: PipeReceiver = {
  onBytes: () => undefined,
  onWritten: () => undefined,
  onClosed: () => undefined,
};

/** A listener that keeps what it accepts and hears. Ends with the test. */
async function listening(options: Partial<TlsListenerOptions> = {}) {
  const pipes: Pipe[] = [];
  const problems: ListenError[] = [];
  const listener = tlsListener({
    host: "127.0.0.1",
    port: 0,
    ...textsOf(certificates),
    ...options,
    onProblem: (problem) => problems.push(problem),
  });
  const [address] = await listener.start((pipe) => {
    pipe.open(silent);
    pipes.push(pipe);
  });
  onTestFinished(async () => {
    for (const pipe of pipes) pipe.destroy();
    await listener.close();
  });
  return { port: address?.port ?? 0, pipes, problems, listener, address };
}

/** A client of Node's own; its errors are nobody's. */
function clientOf(port: number, options: ConnectionOptions = {}): TLSSocket {
  const socket = connect({ port, host: "127.0.0.1", ca, ...options });
  socket.on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** Resolves when it is closed, also after an error. */
async function closeOf(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => socket.once("close", () => resolve()));
}

function bareSocket(port: number): Socket {
  const socket = connectNet(port, "127.0.0.1");
  socket.on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  return socket;
}

describe.each(["net", "handle"] as const)("with %s pipes", (pipes) => {
  test("a client is known by its address, and needs no certificate", async () => {
    const listener = await listening({ pipes });
    expect(listener.address).toMatchObject({ transport: "tls", address: "127.0.0.1" });
    const client = clientOf(listener.port);
    await until("it is accepted", () => listener.pipes.length === 1);
    expect(listener.pipes[0]?.peer).toEqual({
      transport: "tls",
      remoteAddress: "127.0.0.1",
      remotePort: client.localPort,
      localAddress: "127.0.0.1",
      localPort: listener.port,
    });
    expect(listener.pipes[0]?.peerCertificate).toBeUndefined();
  });

  test("a certificate of the authority lets in, and is shown", async () => {
    const listener = await listening({ pipes, ca, requireCertificate: true });
    const client = await connectTls({ port: listener.port, ca, ...textsOf(certificates.client) });
    onTestFinished(() => client.destroy());
    await until("it is accepted", () => listener.pipes.length === 1);
    const certificate = listener.pipes[0]?.peerCertificate;
    expect(certificate).toMatchObject({ subject: "CN=sensor-1", issuer: "CN=Martlet test authority" });
    expect(listener.pipes[0]?.peerCertificate).toBe(certificate);
    expect(client.peerCertificate?.subject).toBe("CN=localhost");
    expect(listener.problems).toEqual([]);
  });

  test("no certificate and somebody else's do not, and it is said why", async () => {
    const listener = await listening({ pipes, ca, requireCertificate: true });
    const without = clientOf(listener.port);
    await closeOf(without);
    expect(listener.problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /^The TLS handshake with 127\.0\.0\.1 port \d+ failed: peer did not return a certificate$/,
      ),
    ]);
    // The one after it within a second is only counted, so it gets a listener of its own.
    const second = await listening({ pipes, ca, requireCertificate: true });
    const stranger = clientOf(second.port, textsOf(certificates.stranger));
    await closeOf(stranger);
    await until("it is reported", () => second.problems.length > 0);
    expect(second.problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /^The TLS handshake with 127\.0\.0\.1 port \d+ failed: its certificate was not accepted: [A-Z_]+$/,
      ),
    ]);
    expect([...listener.pipes, ...second.pipes]).toEqual([]);
  });

  test("a byte that TLS does not understand ends the connection after the handshake", async () => {
    const listener = await listening({ pipes });
    const below = bareSocket(listener.port);
    const client = connect({ socket: below, ca, host: "127.0.0.1" });
    client.on("error", () => undefined);
    await once(client, "secureConnect");
    await until("it is accepted", () => listener.pipes.length === 1);
    const closed = closeOf(below);
    below.write(Buffer.alloc(100, 0x55));
    await closed;
  });

  test("renegotiation is refused", async () => {
    const listener = await listening({ pipes });
    const client = clientOf(listener.port, { maxVersion: "TLSv1.2" });
    await once(client, "secureConnect");
    const outcome = new Promise<Error | null>((resolve) => {
      client.once("error", resolve);
      client.renegotiate({}, resolve);
    });
    expect(await outcome).toBeInstanceOf(Error);
  });
});

describe("a handshake that fails", () => {
  test("because the peer does not speak TLS is reported with its address", async () => {
    const { port, problems, pipes } = await listening();
    const socket = bareSocket(port);
    socket.write(Buffer.from("101800044d5154540400003c000c", "hex"));
    await closeOf(socket);
    expect(problems[0]?.message).toBe(
      `The TLS handshake with 127.0.0.1 port ${socket.localPort ?? remembered(problems)} failed: wrong version number`,
    );
    expect(problems[0]?.code).toBe("MARTLET_LISTEN");
    expect(pipes).toEqual([]);
  });

  test("because it takes too long is dropped", async () => {
    const { port, problems } = await listening({ handshakeTimeoutMs: 20 });
    const socket = bareSocket(port);
    await closeOf(socket);
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^The TLS handshake with 127\.0\.0\.1 port \d+ failed: it took too long$/),
    ]);
  });

  test("because the client leaves is reported", async () => {
    const { port, problems } = await listening();
    const socket = bareSocket(port);
    await once(socket, "connect");
    socket.end();
    await until("it is reported", () => problems.length === 1);
    expect(problems[0]?.message).toMatch(
      /^The TLS handshake with 127\.0\.0\.1 port \d+ failed: the client broke it off$/,
    );
  });

  test("because of another protocol in ALPN is refused, and mqtt is agreed on", async () => {
    const { port, pipes } = await listening();
    const [error] = await once(clientOf(port, { ALPNProtocols: ["http/1.1"] }), "error");
    expect(error).toMatchObject({ code: expect.stringContaining("NO_APPLICATION_PROTOCOL") });
    const client = clientOf(port, { ALPNProtocols: ["http/1.1", "mqtt"] });
    await once(client, "secureConnect");
    expect(client.alpnProtocol).toBe("mqtt");
    await until("it is accepted", () => pipes.length === 1);
  });

  test("because of an old version is refused; the oldest is a setting", async () => {
    const byDefault = await listening();
    const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
    expect(await once(clientOf(byDefault.port, old), "error")).toHaveLength(1);
    const client = clientOf(byDefault.port, { maxVersion: "TLSv1.2" });
    await once(client, "secureConnect");
    expect(client.getProtocol()).toBe("TLSv1.2");
    const strict = await listening({ minVersion: "TLSv1.3" });
    expect(await once(clientOf(strict.port, { maxVersion: "TLSv1.2" }), "error")).toHaveLength(1);
    expect([...strict.pipes]).toEqual([]);
  });

  test("ends with the listener, while pipes go on", async () => {
    const { port, pipes, listener } = await listening();
    const client = await connectTls({ port, ca });
    onTestFinished(() => client.destroy());
    const idle = bareSocket(port);
    await once(idle, "connect");
    await until("one is accepted", () => pipes.length === 1);
    let closed = false;
    client.open({ ...silent, onClosed: () => (closed = true) });
    await listener.close();
    await closeOf(idle);
    expect(closed).toBe(false);
  });
});

describe("dialing", () => {
  test("a server that nobody vouches for is refused", async () => {
    const { port } = await listening();
    await expect(connectTls({ port })).rejects.toMatchObject({ code: "MARTLET_CONNECTION", kind: "refused" });
    await expect(connectTls({ port, ca, serverName: "elsewhere.example" })).rejects.toThrow(
      /^Cannot connect to 127\.0\.0\.1 port \d+: Hostname\/IP does not match/,
    );
  });

  test("a server that does not answer is given up", async () => {
    const server = await listening();
    const silentPort = await portOfSilence();
    await expect(connectTls({ port: silentPort, handshakeTimeoutMs: 20 })).rejects.toMatchObject({
      kind: "timed-out",
    });
    const client = await connectTls({ port: server.port, ca, serverName: "localhost" });
    client.destroy();
  });
});

describe("credentials that cannot be used", () => {
  const refused = (options: Partial<TlsListenerOptions>): ConfigError => {
    try {
      tlsListener({ port: 0, ...textsOf(certificates), ...options });
    } catch (error) {
      if (error instanceof ConfigError) return error;
    }
    throw new TypeError("nothing is refused");
  };

  test("name the option and what to do", async () => {
    const encrypted = `${certificates.folder}/encrypted.key`;
    const aes = ["pkey", "-in", certificates.key, "-aes256", "-passout", "pass:x", "-out", encrypted];
    await runWell("openssl", aes);
    const damaged = textsOf(certificates).cert.replace(/\n\w{20}/, "\nAAAAAAAAAAAAAAAAAAAA");
    expect(
      [
        refused({ cert: "nothing" }),
        refused({ cert: damaged }),
        refused({ key: "nothing" }),
        refused({ key: textsOf(certificates.client).key }),
        refused({ key: readFileSync(encrypted) }),
        refused({ ca: "nothing", requireCertificate: true }),
        refused({ requireCertificate: true }),
      ].map(({ message }) => message),
    ).toEqual([
      expect.stringMatching(/^cert: it holds no certificate in PEM form/),
      expect.stringMatching(/^cert: certificate 1 in it is damaged: /),
      expect.stringMatching(/^key: it holds no private key in PEM form/),
      "key: it is not the key of the certificate; give the pair that was made together.",
      "key: it is encrypted; give its passphrase, or the key without one.",
      expect.stringMatching(/^ca: it holds no certificate in PEM form/),
      "requireCertificate: it needs ca, the authority whose certificates are let in.",
    ]);
  });
});

/** The port in a report, once the socket has forgotten its own. */
function remembered(problems: readonly ListenError[]): string {
  return /port (\d+)/.exec(problems[0]?.message ?? "")?.[1] ?? "";
}

/** Somebody who accepts and says nothing. */
async function portOfSilence(): Promise<number> {
  const { createServer } = await import("node:net");
  const server = createServer((socket) => onTestFinished(() => void socket.destroy()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as { port: number }).port;
}
