// What a TLS listener shows and whom it lets in: certificates by name, revocation lists, certificates that are asked for but not
// required, pre-shared keys, ALPN. With both kinds of pipes where a pipe is looked at.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as connectNet } from "node:net";
import { join } from "node:path";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { ConfigError, systemClock } from "#base";
import { CertificateFolder } from "#credentials";
import { type Pipe, secureWebSocketListener, type TlsListenerOptions, tlsListener } from "#transport";
import { runWell } from "../support/programs.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";
import { accepting } from "./accepting.ts";
import { Authority, type Issued } from "./authority.ts";
import { webSocketOver } from "./through-proxy.ts";

let authority: Authority;
let strangers: Authority;
let server: Issued;
let sensor: Issued;
let lost: Issued;
let stranger: Issued;

beforeAll(() => {
  authority = new Authority("Martlet test authority");
  strangers = new Authority("Another authority");
  server = authority.server("broker.example.org", "127.0.0.1");
  sensor = authority.client("sensor-1");
  lost = authority.client("sensor-2");
  stranger = strangers.client("sensor-1");
  authority.revoke(lost);
});

afterAll(() => {
  authority.remove();
  strangers.remove();
});

const local = { host: "127.0.0.1", port: 0 };
const pairOf = ({ cert, key }: Issued) => ({ cert, key });

const listening = (options: Partial<TlsListenerOptions> = {}) =>
  accepting((hearing) => tlsListener({ ...local, ...pairOf(server), ...options, ...hearing }));

/** A client of Node's own; its errors are nobody's. */
function clientOf(port: number, options: ConnectionOptions = {}): TLSSocket {
  const socket = connect({ port, host: "127.0.0.1", ca: [authority.ca, strangers.ca], ...options });
  socket.on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** Whether it gets in; over TLS 1.3 a client hears of a refusal only after its own handshake. */
async function getsIn(port: number, options: ConnectionOptions, pipes: readonly { readonly pipe: Pipe }[]) {
  const before = pipes.length;
  const socket = clientOf(port, options);
  let isClosed = false;
  socket.resume().on("close", () => (isClosed = true));
  await until("it is let in or not", () => isClosed || pipes.length > before);
  return pipes.length > before;
}

const reasonOf = (said: readonly string[]): string | undefined => said[0]?.replace(/^.* failed: /, "");

describe("certificates by name", () => {
  test("a client is shown the one for the name that it asks for, the first for others", async () => {
    const wildcard = authority.server("*.example.org");
    const other = strangers.server("other.example.com");
    const named = strangers.server("not-this.example.com");
    const sni = [pairOf(wildcard), pairOf(other), { ...pairOf(named), names: ["given.example.net"] }];
    const { port } = await listening({ sni });
    const shown = async (servername: string): Promise<string> => {
      const socket = clientOf(port, { servername, checkServerIdentity: () => undefined });
      await once(socket, "secureConnect");
      return String(socket.getPeerCertificate().subject.CN);
    };
    expect(
      await Promise.all(
        [
          "broker.example.org",
          "any.example.org",
          "OTHER.example.com",
          "given.example.net",
          "not-this.example.com",
          "a.b.example.org",
          "",
        ].map(shown),
      ),
    ).toEqual([
      "broker.example.org",
      "*.example.org",
      "other.example.com",
      "not-this.example.com",
      "broker.example.org",
      "broker.example.org",
      "broker.example.org",
    ]);
  });

  test("clients are asked for theirs whichever is shown, and may resume", async () => {
    const sni = [pairOf(strangers.server("other.example.com"))];
    const { port, accepted } = await listening({
      sni,
      ca: authority.ca,
      clientCertificate: "require",
    });
    const other = { servername: "other.example.com" };
    expect(await getsIn(port, other, accepted)).toBe(false);
    expect(await getsIn(port, { ...other, ...pairOf(stranger) }, accepted)).toBe(false);
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const first = clientOf(port, { ...other, ...pairOf(sensor), maxVersion });
      const [session] = (await once(first, "session")) as [Buffer];
      const second = clientOf(port, { ...other, ...pairOf(sensor), maxVersion, session });
      await once(second, "secureConnect");
      expect(second.isSessionReused()).toBe(true);
    }
    await until("all are let in", () => accepted.length === 4);
    expect(accepted.map(({ pipe }) => pipe.peerCertificate?.subject)).toEqual(
      new Array(4).fill("CN=sensor-1"),
    );
  });
});

describe.each(["net", "handle"] as const)("client certificates, %s", (pipes) => {
  test("that are asked for and absent let in; one that is accepted is shown, another is not", async () => {
    const { port, accepted, said } = await listening({
      pipes,
      ca: authority.ca,
      crl: authority.revocationList(),
      clientCertificate: "request",
    });
    expect(await getsIn(port, {}, accepted)).toBe(true);
    expect(said).toEqual([]);
    expect(await getsIn(port, pairOf(sensor), accepted)).toBe(true);
    expect(await getsIn(port, pairOf(lost), accepted)).toBe(true);
    expect(await getsIn(port, pairOf(stranger), accepted)).toBe(true);
    expect(accepted.map(({ pipe }) => pipe.peerCertificate?.subject)).toEqual([
      undefined,
      "CN=sensor-1",
      undefined,
      undefined,
    ]);
    expect(reasonOf(said)).toBe(
      "its certificate was not accepted: CERT_REVOKED (its authority has taken it back); it goes on as a client without one",
    );
  });

  test.each(["TLSv1.2", "TLSv1.3"] as const)(
    "that are not accepted are not shown when %s resumes",
    async (maxVersion) => {
      const { port, accepted } = await listening({
        pipes,
        ca: authority.ca,
        crl: authority.revocationList(),
        clientCertificate: "request",
      });
      const first = clientOf(port, { ...pairOf(lost), maxVersion });
      const [session] = (await once(first, "session")) as [Buffer];
      const second = clientOf(port, { ...pairOf(lost), maxVersion, session });
      await once(second, "secureConnect");
      expect(second.isSessionReused()).toBe(true);
      await until("both are let in", () => accepted.length === 2);
      expect(accepted.map(({ pipe }) => pipe.peerCertificate)).toEqual([undefined, undefined]);
    },
  );

  test("that were taken back do not let in", async () => {
    const { port, accepted, said } = await listening({
      pipes,
      ca: authority.ca,
      crl: authority.revocationList(),
      clientCertificate: "require",
    });
    expect(await getsIn(port, pairOf(sensor), accepted)).toBe(true);
    expect(await getsIn(port, pairOf(lost), accepted)).toBe(false);
    expect(reasonOf(said)).toBe(
      "its certificate was not accepted: CERT_REVOKED (its authority has taken it back)",
    );
  });
});

describe("a revocation list", () => {
  const required = { clientCertificate: "require" } as const;

  test("that has expired lets nobody in, and it is said why", async () => {
    const { port, accepted, said } = await listening({
      ...required,
      ca: authority.ca,
      crl: authority.expiredList(),
    });
    expect(await getsIn(port, pairOf(sensor), accepted)).toBe(false);
    expect(reasonOf(said)).toBe(
      "its certificate was not accepted: CRL_HAS_EXPIRED (the revocation list of its authority has expired; get the present one)",
    );
  });

  test("of another authority lets nobody in, and it is said why", async () => {
    const { port, accepted, said } = await listening({
      ...required,
      ca: authority.ca,
      crl: strangers.revocationList(),
    });
    expect(await getsIn(port, pairOf(sensor), accepted)).toBe(false);
    expect(reasonOf(said)).toBe(
      "its certificate was not accepted: UNABLE_TO_GET_CRL (crl holds no revocation list of its authority)",
    );
  });

  test("for each of several authorities, in one text or several", async () => {
    const lists = [authority.revocationList(), strangers.revocationList()];
    for (const crl of [lists, lists.join("")]) {
      const { port, accepted } = await listening({
        ...required,
        ca: authority.ca + strangers.ca,
        crl,
      });
      expect(await getsIn(port, pairOf(sensor), accepted)).toBe(true);
      expect(await getsIn(port, pairOf(stranger), accepted)).toBe(true);
      expect(await getsIn(port, pairOf(lost), accepted)).toBe(false);
    }
  });

  test("of our own authority in a folder is one", async () => {
    const folder = temporaryFolder();
    const own = new CertificateFolder(folder, systemClock());
    const options = { keyKind: "ecdsa", days: 1, isForced: false } as const;
    await own.makeAuthority("Own authority", options);
    const broker = await own.issueServer(["localhost", "127.0.0.1"], options);
    const [kept, taken] = [await own.issueClient("kept", options), await own.issueClient("taken", options)];
    await own.revoke("taken");
    const ca = readText(own.authorityFile);
    const { port, accepted, said } = await listening({
      ...required,
      cert: readText(broker.certificate),
      key: readText(broker.key),
      ca,
      crl: readText(own.revocationListFile),
    });
    const asClient = ({ certificate, key }: typeof kept) => ({
      ca,
      cert: readText(certificate),
      key: readText(key),
    });
    expect(await getsIn(port, asClient(kept), accepted)).toBe(true);
    expect(accepted[0]?.pipe.peerCertificate?.subject).toBe("CN=kept");
    expect(await getsIn(port, asClient(taken), accepted)).toBe(false);
    expect(reasonOf(said)).toMatch(/CERT_REVOKED/);
  });
});

describe.each(["net", "handle"] as const)("pre-shared keys, %s", (pipes) => {
  const keys = new Map([["sensor-1", Buffer.from("00112233445566778899aabbccddeeff", "hex")]]);
  const psk = { lookup: (identity: string) => keys.get(identity), hint: "the plant" };
  const clientWith = (identity: string, key: string): ConnectionOptions => ({
    ciphers: "PSK",
    maxVersion: "TLSv1.2",
    pskCallback: () => ({ identity, psk: Buffer.from(key, "hex") }),
    checkServerIdentity: () => undefined,
  });
  const right = "00112233445566778899aabbccddeeff";

  test("alone need no certificate, and name the client", async () => {
    const { port, accepted, said } = await accepting((hearing) =>
      tlsListener({ ...local, pipes, psk, ...hearing }),
    );
    expect(said).toEqual([]);
    expect(await getsIn(port, clientWith("sensor-1", right), accepted)).toBe(true);
    expect(accepted[0]?.pipe.pskIdentity).toBe("sensor-1");
    expect(accepted[0]?.pipe.peerCertificate).toBeUndefined();
    expect(await getsIn(port, clientWith("sensor-1", `${right.slice(0, -2)}00`), accepted)).toBe(false);
    expect(await getsIn(port, clientWith("sensor-9", right), accepted)).toBe(false);
    expect(await getsIn(port, {}, accepted)).toBe(false);
    expect(said).toHaveLength(1);
  });

  test("and certificates meet on one listener", async () => {
    const { port, accepted, said } = await listening({
      pipes,
      psk,
      ca: authority.ca,
      clientCertificate: "require",
    });
    expect([await getsIn(port, clientWith("sensor-1", right), accepted), said]).toEqual([true, []]);
    expect(await getsIn(port, pairOf(sensor), accepted)).toBe(true);
    expect(await getsIn(port, {}, accepted)).toBe(false);
    expect(await getsIn(port, clientWith("sensor-9", right), accepted)).toBe(false);
    expect(accepted.map(({ pipe }) => [pipe.pskIdentity, pipe.peerCertificate?.subject])).toEqual([
      ["sensor-1", undefined],
      [undefined, "CN=sensor-1"],
    ]);
  });

  test("that are only named give no name, and are not resumed", async () => {
    const { port, accepted } = await listening({ pipes, psk });
    // It offers both, names an identity whose key it does not have, and would take the certificate.
    const both = { ...clientWith("sensor-1", "00"), ciphers: "DEFAULT:PSK", maxVersion: "TLSv1.3" } as const;
    expect(await getsIn(port, both, accepted)).toBe(false);
    const certificate = "ECDHE-ECDSA-AES128-GCM-SHA256";
    const preferring = await listening({ pipes, psk, ciphers: `${certificate}:PSK` });
    expect(await getsIn(preferring.port, both, preferring.accepted)).toBe(true);
    expect(preferring.accepted[0]?.pipe.pskIdentity).toBeUndefined();
    const resumed = clientOf(port, clientWith("sensor-1", right));
    await once(resumed, "secureConnect");
    expect(resumed.getProtocol()).toBe("TLSv1.2");
    expect(resumed.getSession()?.length ?? 0).toBeGreaterThan(0);
    const session = resumed.getSession();
    const again = clientOf(port, {
      ...clientWith("sensor-1", right),
      ...(session === undefined ? {} : { session }),
    });
    await once(again, "secureConnect");
    expect(again.isSessionReused()).toBe(false);
  });

  test("whose lookup fails are none, and it is said why", async () => {
    const lookup = (): never => {
      throw new TypeError("the table is gone");
    };
    const { port, accepted, said } = await accepting((hearing) =>
      tlsListener({ ...local, pipes, psk: { lookup }, ...hearing }),
    );
    expect(await getsIn(port, clientWith("sensor-1", right), accepted)).toBe(false);
    expect(reasonOf(said)).toBe("its pre-shared key could not be looked up: the table is gone");
  });
});

describe("ALPN", () => {
  const agreed = async (port: number, names: string[]): Promise<string | false | null | undefined> => {
    const socket = clientOf(port, { ALPNProtocols: names });
    const isIn = await new Promise<boolean>((resolve) => {
      socket.once("secureConnect", () => resolve(true)).once("close", () => resolve(false));
    });
    return isIn ? socket.alpnProtocol : undefined;
  };

  test("agrees on a name of the list, and refuses who offers others only", async () => {
    const { port } = await listening({ alpn: ["mqtt", "x-amzn-mqtt-ca"] });
    expect(await agreed(port, ["http/1.1", "x-amzn-mqtt-ca"])).toBe("x-amzn-mqtt-ca");
    expect(await agreed(port, ["http/1.1"])).toBeUndefined();
    expect(await agreed(port, [])).toBe(false);
  });

  test("does not matter with an empty list", async () => {
    const { port } = await listening({ alpn: [] });
    expect(await agreed(port, ["http/1.1"])).toBe(false);
  });

  test("of browsers is http/1.1", async () => {
    const { port, accepted } = await accepting((hearing) =>
      secureWebSocketListener({ ...local, ...pairOf(server), ...hearing }),
    );
    const socket = clientOf(port, { ALPNProtocols: ["http/1.1"] });
    await once(socket, "secureConnect");
    await webSocketOver(socket);
    await until("it is accepted", () => accepted.length === 1);
    expect(socket.alpnProtocol).toBe("http/1.1");
  });
});

test("over wss a request that does not come is dropped, and it is said", async () => {
  const { port, accepted, said } = await accepting((hearing) =>
    secureWebSocketListener({ ...local, ...pairOf(server), handshakeTimeoutMs: 300, ...hearing }),
  );
  const socket = clientOf(port);
  await once(socket, "secureConnect");
  socket.resume().write("GET /mqtt HTTP/1.1\r\nHost: x\r\n");
  await new Promise<void>((resolve) => socket.once("close", () => resolve()));
  expect(said).toEqual([
    expect.stringMatching(/^The WebSocket handshake with 127\.0\.0\.1 port \d+ failed: it took too long$/),
  ]);
  expect(accepted).toEqual([]);
});

test("ciphers are a setting", async () => {
  const ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384";
  const { port } = await listening({ ciphers });
  const socket = clientOf(port, { maxVersion: "TLSv1.2" });
  await once(socket, "secureConnect");
  expect(socket.getCipher().name).toBe(ciphers);
});

test("handshakes that do not get on are bounded, and others get in afterwards", async () => {
  const { port, accepted, said } = await listening({ maxUnfinished: 3, handshakeTimeoutMs: 200 });
  const idle = Array.from({ length: 5 }, () => connectNet(port, "127.0.0.1").on("error", () => undefined));
  await Promise.all(idle.map((socket) => once(socket.resume(), "close")));
  expect(said[0]).toBe("A connection was dropped: 3 have not finished their handshake, the most allowed");
  expect(await getsIn(port, {}, accepted)).toBe(true);
});

describe("credentials that cannot be used", () => {
  const refused = (options: Partial<TlsListenerOptions>): string => {
    try {
      tlsListener({ ...local, ...pairOf(server), ...options });
    } catch (error) {
      if (error instanceof ConfigError) return error.message;
    }
    return "none";
  };

  test("name the option and what to do", async () => {
    const file = join(authority.folder, "encrypted.key");
    const aes = ["pkey", "-in", server.files.key, "-aes256", "-passout", "pass:secret", "-out", file];
    await runWell("openssl", aes);
    const encrypted = { key: readText(file) };
    const legacy = { key: readText(await legacyKey(server.files.key)) };
    expect([
      refused({ ...encrypted, passphrase: "secret" }),
      refused({ ...legacy, passphrase: "secret" }),
      refused({ ...encrypted, passphrase: "wrong" }),
      refused({ ...legacy, passphrase: "wrong" }),
      refused(encrypted),
      refused(legacy),
      refused({ passphrase: "not needed" }),
      refused({ sni: [{ cert: sensor.cert, key: server.key }] }),
      refused({ sni: [pairOf(server), { ...pairOf(authority.client("no host!")) }] }),
      refused({ sni: [{ ...pairOf(sensor), names: ["https://x"] }] }),
      refused({ crl: authority.revocationList() }),
      refused({ crl: "nothing", ca: authority.ca, clientCertificate: "request" }),
      refused({ crl: damaged(authority.revocationList()), ca: authority.ca, clientCertificate: "request" }),
      refused({ clientCertificate: "request" }),
      refused({ clientCertificate: "none", requireCertificate: true, ca: authority.ca }),
      refused({ clientCertificate: "maybe" as "none" }),
      refused({ ciphers: "NONSENSE" }),
      refused({ minVersion: "TLSv1.1" as "TLSv1.2" }),
      refused({ minVersion: "TLSv1.3", psk: { lookup: () => undefined } }),
    ]).toEqual([
      "none",
      "none",
      "passphrase: it is not the passphrase of the key.",
      "passphrase: it is not the passphrase of the key.",
      "key: it is encrypted; give its passphrase, or the key without one.",
      "key: it is encrypted; give its passphrase, or the key without one.",
      "none",
      "sni[0].key: it is not the key of the certificate; give the pair that was made together.",
      "sni[1].names: the certificate names no host; say for which it is shown.",
      'sni[0].names[0]: "https://x" is no name of a host; give one such as broker.example.org or *.example.org.',
      "crl: nobody is asked for a certificate; set clientCertificate as well.",
      expect.stringMatching(/^crl: it holds no revocation list in PEM form/),
      expect.stringMatching(/^crl: a revocation list in it is damaged: /),
      "clientCertificate: it needs ca, the authority whose certificates are let in.",
      "requireCertificate: it contradicts clientCertificate, which is none.",
      "clientCertificate: maybe is not allowed; it is none, request or require.",
      expect.stringMatching(/^ciphers: it cannot be used for TLS: /),
      "minVersion: TLSv1.1 is not allowed; it is TLSv1.2 or TLSv1.3.",
      "minVersion: pre-shared keys need TLS 1.2; leave it out, or psk.",
    ]);
    expect(
      [{ cert: server.cert }, { key: server.key }, {}].map((options) => {
        try {
          tlsListener({ ...local, ...options });
        } catch (error) {
          return (error as ConfigError).message;
        }
        return "none";
      }),
    ).toEqual([
      "key: the certificate's key is missing.",
      "cert: the key's certificate is missing.",
      "cert: TLS needs a certificate and its key, or psk.",
    ]);
  });
});

function readText(path: string): string {
  return readFileSync(path, "utf8");
}

/** `list` with some of its bytes wrong. */
function damaged(list: string): string {
  return list.replace(/\n\w{20}/, "\nAAAAAAAAAAAAAAAAAAAA");
}

/** The same key, encrypted in the older form (Proc-Type: 4,ENCRYPTED). */
async function legacyKey(path: string): Promise<string> {
  const file = join(authority.folder, "legacy.key");
  await runWell("openssl", ["ec", "-in", path, "-aes128", "-passout", "pass:secret", "-out", file]);
  return file;
}
