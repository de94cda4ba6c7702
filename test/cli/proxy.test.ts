// `--proxy` all the way: from the tool through a SOCKS5 proxy to a broker, and what is said when the proxy does not want to.
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createBroker, type MartletBroker } from "#server";
import { martlet } from "./tool-process.ts";

let broker: MartletBroker;
let brokerPort: number;
beforeAll(async () => {
  broker = createBroker({ listeners: [{ protocol: "tcp", port: 0 }] });
  await broker.start();
  brokerPort = broker.addresses[0]?.port ?? 0;
});
afterAll(async () => {
  await broker.stop();
});

interface ProxyOptions {
  readonly user?: { readonly name: string; readonly password: string };
  /** The reply to every request; 0 connects. */
  readonly reply?: number;
  /** Hangs up after this many bytes of the reply. */
  readonly replyBytes?: number;
}

interface Proxy {
  readonly port: number;
  /** What was asked for: `name broker.example.org 1883` or `address 127.0.0.1 1883`. */
  readonly requests: string[];
}

/** Every name is the broker's: names that only the proxy knows show who looked them up. */
async function startProxy(options: ProxyOptions = {}): Promise<Proxy> {
  const requests: string[] = [];
  const server: Server = createServer((client) => {
    client.on("error", () => client.destroy());
    void serve(client, options, requests).catch(() => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { port: (server.address() as { port: number }).port, requests };
}

async function serve(
  client: Socket,
  { user, reply = 0, replyBytes }: ProxyOptions,
  requests: string[],
): Promise<void> {
  const bytes = bytesOf(client);
  const [, count = 0] = await bytes(2);
  const methods = await bytes(count);
  const method = user === undefined ? 0 : 2;
  client.write(Uint8Array.of(5, methods.includes(method) ? method : 0xff));
  if (user !== undefined) {
    await bytes(1);
    const name = String(await bytes((await bytes(1))[0] ?? 0));
    const password = String(await bytes((await bytes(1))[0] ?? 0));
    client.write(Uint8Array.of(1, name === user.name && password === user.password ? 0 : 1));
  }
  const [, , , kind] = await bytes(4);
  const host =
    kind === 3
      ? `name ${String(await bytes((await bytes(1))[0] ?? 0))}`
      : `address ${await addressOf(kind, bytes)}`;
  const port = (await bytes(2)).readUInt16BE();
  requests.push(`${host} ${port}`);
  const answer = Uint8Array.of(5, reply, 0, 1, 127, 0, 0, 1, 0, 0).subarray(0, replyBytes);
  if (reply !== 0 || replyBytes !== undefined) {
    client.end(answer);
    return;
  }
  const target = connect(brokerPort, "127.0.0.1", () => {
    client.write(answer);
    client.pipe(target).pipe(client);
  });
  client.on("close", () => target.destroy());
}

async function addressOf(kind: number | undefined, bytes: Bytes): Promise<string> {
  return kind === 1 ? [...(await bytes(4))].join(".") : (await bytes(16)).toString("hex");
}

type Bytes = (count: number) => Promise<Buffer>;

/** Exactly as many bytes as are asked for; rejects when the client goes. */
function bytesOf(socket: Socket): Bytes {
  const read = async (): Promise<Buffer> => {
    for (;;) {
      const byte = socket.read(1) as Buffer | null;
      if (byte !== null) return byte;
      await new Promise<void>((resolve, reject) => {
        socket.once("readable", resolve).once("close", reject);
      });
    }
  };
  return async (count) => {
    const taken: Buffer[] = [];
    while (taken.length < count) taken.push(await read());
    return Buffer.concat(taken);
  };
}

describe("--proxy", () => {
  it.each([
    ["socks5h: the proxy looks up the name", "socks5h", "only.the.proxy.knows", "name only.the.proxy.knows"],
    ["socks5: this machine does", "socks5", "localhost", "address (127.0.0.1|0{31}1)"],
    ["an address stays one", "socks5h", "192.0.2.7", "address 192.0.2.7"],
    ["an IPv6 address, too", "socks5h", "2001:db8::7", "address 20010db8000000000000000000000007"],
  ])("%s", async (_, scheme, host, request) => {
    const proxy = await startProxy();
    const place = ["-h", host, "-p", "1884", "--proxy", `${scheme}://127.0.0.1:${proxy.port}`];
    expect(await martlet("pub", [...place, "-t", "a", "-m", scheme, "-q", "1", "-r"])).toMatchObject({
      code: 0,
      stderr: "",
    });
    const seen = await martlet("sub", [...place, "-t", "a", "-C", "1"]);
    expect(seen).toMatchObject({ code: 0, stderr: "", stdout: Buffer.from(`${scheme}\n`) });
    expect(proxy.requests).toEqual([1, 2].map(() => expect.stringMatching(`^${request} 1884$`)));
  });

  it("logs in", async () => {
    const proxy = await startProxy({ user: { name: "me", password: "p@ss" } });
    const args = ["-h", "b", "-t", "a", "-m", "x", "--proxy"];
    const right = await martlet("pub", [...args, `socks5h://me:p%40ss@127.0.0.1:${proxy.port}`]);
    expect(right).toMatchObject({ code: 0, stderr: "" });
    const wrong = await martlet("pub", [...args, `socks5h://me:secret@127.0.0.1:${proxy.port}`]);
    expect(wrong).toMatchObject({
      code: 1,
      stderr: `Error: The proxy 127.0.0.1 port ${proxy.port} does not connect: wrong user name or password\n`,
    });
    const none = await martlet("pub", [...args, `socks5h://127.0.0.1:${proxy.port}`]);
    expect(none).toMatchObject({
      code: 1,
      stderr: `Error: The proxy 127.0.0.1 port ${proxy.port} does not connect: it asks for another authentication\n`,
    });
    expect(proxy.requests).toEqual(["name b 1883"]);
  });

  it("says why the proxy refuses", async () => {
    const proxy = await startProxy({ reply: 2 });
    const url = `socks5h://127.0.0.1:${proxy.port}`;
    expect(await martlet("pub", ["-h", "b", "-t", "a", "-m", "x", "--proxy", url])).toMatchObject({
      code: 1,
      stderr: `Error: The proxy 127.0.0.1 port ${proxy.port} does not connect: its rules do not allow it\n`,
    });
  });

  it.each([0, 3, 7])("does not take a reply of %i bytes for one", async (replyBytes) => {
    const proxy = await startProxy({ replyBytes });
    const url = `socks5h://127.0.0.1:${proxy.port}`;
    expect(await martlet("pub", ["-h", "b", "-t", "a", "-m", "x", "--proxy", url])).toMatchObject({
      code: 1,
      stderr: "Error: The proxy closed the connection\n",
    });
  });

  it("names a proxy that is not there, without its password", async () => {
    const proxy = await startProxy();
    const url = `socks5h://me:secret@127.0.0.1:1`;
    const { code, stderr } = await martlet("pub", ["-h", "b", "-t", "a", "-m", "x", "--proxy", url]);
    expect(code).toBe(1);
    expect(stderr).toBe(
      "Error: Connection refused\nNobody listens on 127.0.0.1 port 1. Is the proxy running there?\n",
    );
    expect(proxy.requests).toEqual([]);
  });

  it("takes no other kind of proxy", async () => {
    const { code, stderr } = await martlet("pub", ["-t", "a", "-m", "x", "--proxy", "http://127.0.0.1"]);
    expect(code).toBe(1);
    expect(stderr).toContain("Error: Unsupported proxy protocol: http://127.0.0.1");
  });
});
