// New credentials for a listener that runs: the next handshake has them, connections go on, nothing old is resumed, and what cannot
// be used changes nothing. With both kinds of pipes, and for WebSocket over TLS.
import { once } from "node:events";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { ConfigError } from "#base";
import { type SecureListener, secureWebSocketListener, type TlsCredentials, tlsListener } from "#transport";
import { until } from "../support/until.ts";
import { type Accepting, accepting, type Hearing, textOf } from "./accepting.ts";
import { Authority, type Issued } from "./authority.ts";

let first: Authority;
let second: Authority;
let firstServer: Issued;
let secondServer: Issued;
let sensor: Issued;
let other: Issued;

beforeAll(() => {
  first = new Authority("First authority");
  second = new Authority("Second authority");
  firstServer = first.server("first.example.org");
  secondServer = second.server("second.example.org");
  sensor = first.client("sensor-1");
  other = second.client("sensor-2");
});

afterAll(() => {
  first.remove();
  second.remove();
});

const pairOf = ({ cert, key }: Issued) => ({ cert, key });
const local = { host: "127.0.0.1", port: 0 };

type Make = (credentials: TlsCredentials, hearing: Hearing) => SecureListener;

const kinds: Readonly<Record<string, Make>> = {
  "tls, net": (credentials, hearing) => tlsListener({ ...local, ...credentials, pipes: "net", ...hearing }),
  "tls, handle": (credentials, hearing) =>
    tlsListener({ ...local, ...credentials, pipes: "handle", ...hearing }),
  wss: (credentials, hearing) => secureWebSocketListener({ ...local, ...credentials, ...hearing }),
};

function clientOf(port: number, options: ConnectionOptions = {}): TLSSocket {
  const socket = connect({
    port,
    host: "127.0.0.1",
    ca: [first.ca, second.ca],
    checkServerIdentity: () => undefined,
    ...options,
  });
  socket.on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** The name on the certificate that a client is shown. */
async function shownBy(port: number, options: ConnectionOptions = {}): Promise<unknown> {
  const socket = clientOf(port, options);
  await once(socket, "secureConnect");
  const name = socket.getPeerCertificate().subject?.CN;
  socket.destroy();
  return name;
}

/** Whether the listener keeps it: it has to hear from it, since a client of TLS 1.3 is done before the server has judged. */
async function isKept(port: number, options: ConnectionOptions): Promise<boolean> {
  const socket = clientOf(port, { maxVersion: "TLSv1.2", ...options });
  return await new Promise<boolean>((resolve) => {
    socket.once("secureConnect", () => resolve(true)).once("close", () => resolve(false));
  });
}

const renewing = (make: Make, credentials: TlsCredentials): Promise<Accepting<SecureListener>> =>
  accepting((hearing) => make(credentials, hearing));

describe.each(Object.entries(kinds))("%s", (kind, make) => {
  const isWebSocket = kind === "wss";

  test("the next handshake is shown the new certificate, for every name", async () => {
    const { port, listener } = await renewing(make, {
      ...pairOf(firstServer),
      sni: [{ ...pairOf(firstServer), names: ["a.example"] }],
    });
    expect(await shownBy(port)).toBe("first.example.org");
    listener.renew({ ...pairOf(secondServer), sni: [{ ...pairOf(firstServer), names: ["b.example"] }] });
    const shown = ["", "a.example", "b.example"].map((servername) => shownBy(port, { servername }));
    expect(await Promise.all(shown)).toEqual([
      "second.example.org",
      "second.example.org",
      "first.example.org",
    ]);
  });

  test("the authorities, the revocation list and whether a certificate is needed are new", async () => {
    const { port, listener } = await renewing(make, pairOf(firstServer));
    expect(await isKept(port, {})).toBe(true);
    const required = { ...pairOf(firstServer), clientCertificate: "require" } as const;
    listener.renew({ ...required, ca: first.ca });
    const kept = (): Promise<boolean[]> =>
      Promise.all([{}, pairOf(sensor), pairOf(other)].map((options) => isKept(port, options)));
    expect(await kept()).toEqual([false, true, false]);
    listener.renew({ ...required, ca: second.ca });
    expect(await kept()).toEqual([false, false, true]);
    const third = new Authority("Third authority");
    onTestFinished(() => third.remove());
    const taken = third.client("sensor-3");
    listener.renew({ ...required, ca: third.ca, crl: third.revocationList() });
    expect(await isKept(port, pairOf(taken))).toBe(true);
    third.revoke(taken);
    listener.renew({ ...required, ca: third.ca, crl: third.revocationList() });
    expect(await isKept(port, pairOf(taken))).toBe(false);
  });

  test("the table of pre-shared keys is new, and may come and go", async () => {
    const key = Buffer.from("00112233445566778899aabbccddeeff", "hex");
    const withKey: ConnectionOptions = {
      ciphers: "PSK",
      pskCallback: () => ({ identity: "sensor-1", psk: key }),
    };
    const psk = { lookup: (identity: string) => (identity === "sensor-1" ? key : undefined) };
    const { port, listener } = await renewing(make, pairOf(firstServer));
    expect(await isKept(port, withKey)).toBe(false);
    listener.renew({ ...pairOf(firstServer), psk });
    expect(await isKept(port, withKey)).toBe(true);
    listener.renew({ ...pairOf(firstServer), psk: { lookup: () => undefined } });
    expect(await isKept(port, withKey)).toBe(false);
  });

  test.each(["TLSv1.2", "TLSv1.3"] as const)(
    "nobody resumes what the old ones let in, %s",
    async (version) => {
      const before = { ...pairOf(firstServer), ca: first.ca, clientCertificate: "require" } as const;
      const { port, listener, accepted } = await renewing(make, before);
      const options = { ...pairOf(sensor), maxVersion: version };
      const [session] = (await once(clientOf(port, options), "session")) as [Buffer];
      const again = clientOf(port, { ...options, session });
      await once(again, "secureConnect");
      expect(again.isSessionReused()).toBe(true);
      listener.renew({ ...before, ca: second.ca });
      const late = clientOf(port, { ...options, session });
      let isResumed = false;
      late.resume().on("secureConnect", () => (isResumed = late.isSessionReused()));
      await new Promise<void>((resolve) => late.once("close", () => resolve()));
      expect(isResumed).toBe(false);
      expect(accepted).toHaveLength(isWebSocket ? 0 : 2);
    },
  );

  test("what cannot be used changes nothing", async () => {
    const { port, listener } = await renewing(make, pairOf(firstServer));
    const broken: readonly TlsCredentials[] = [
      { cert: secondServer.cert, key: firstServer.key },
      { cert: secondServer.cert.slice(0, 200), key: secondServer.key },
      { ...pairOf(secondServer), ca: "nothing" },
      { ...pairOf(secondServer), ca: second.ca, clientCertificate: "require", crl: "nothing" },
      { ...pairOf(secondServer), sni: [{ cert: "", key: "", names: ["a.example"] }] },
      {},
    ];
    for (const credentials of broken) expect(() => listener.renew(credentials)).toThrow(ConfigError);
    expect(await shownBy(port)).toBe("first.example.org");
  });
});

test.each(["tls, net", "tls, handle"])("%s: connections and handshakes under way go on", async (name) => {
  const { port, listener, accepted } = await renewing(kinds[name] as Make, pairOf(firstServer));
  const client = clientOf(port);
  await once(client, "secureConnect");
  listener.renew({ ...pairOf(secondServer), ca: second.ca, clientCertificate: "require" });
  client.write("still here");
  await until("it is read", () => accepted[0] !== undefined && textOf(accepted[0]) === "still here");
  const { pipe } = accepted[0] as (typeof accepted)[0];
  pipe.write(Buffer.from("and so are we"));
  const [answer] = (await once(client, "data")) as [Buffer];
  expect(answer.toString()).toBe("and so are we");
});
