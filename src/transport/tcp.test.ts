import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { bindServers } from "./bind.ts";
import { until } from "./contract-recorder.ts";
import { ListenError, PipeError } from "./errors.ts";
import type { Pipe, PipeReceiver, TransportListener } from "./pipe.ts";
import type { PipeKind } from "./pipe-choice.ts";
import { ServerListener } from "./server-listener.ts";
import { connectTcp, type TcpListenerOptions, tcpListener } from "./tcp.ts";

const cleanups: (() => unknown)[] = [];
const kinds: readonly PipeKind[] = ["net", "handle"];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function listenerOf(options: TcpListenerOptions): TransportListener {
  const listener = tcpListener(options);
  cleanups.push(() => listener.close());
  return listener;
}

function socketTo(port: number): Socket {
  const socket = connect(port, "127.0.0.1").on("error", () => undefined);
  cleanups.push(() => socket.destroy());
  return socket;
}

async function startedOn(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => server.close());
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** A listener on 127.0.0.1 that keeps what it accepts. */
async function accepting(
  options: Partial<TcpListenerOptions> = {},
): Promise<{ port: number; pipes: Pipe[]; listener: TransportListener }> {
  const pipes: Pipe[] = [];
  const listener = listenerOf({ host: "127.0.0.1", port: 0, ...options });
  const [address] = await listener.start((pipe) => pipes.push(pipe));
  cleanups.push(() => pipes.forEach((pipe) => pipe.destroy()));
  return { port: address?.port ?? 0, pipes, listener };
}

interface Closing {
  closed: boolean;
  error: Error | undefined;
}

function watchClosing(pipe: Pipe): Closing {
  const closing: Closing = { closed: false, error: undefined };
  const receiver: PipeReceiver = {
    onBytes: () => undefined,
    onWritten: () => undefined,
    onClosed(error) {
      closing.closed = true;
      closing.error = error;
    },
  };
  pipe.open(receiver);
  return closing;
}

describe("listening", () => {
  test("the default is both loopback addresses on one port", async () => {
    const problems: ListenError[] = [];
    const listener = listenerOf({ port: 0, onProblem: (problem) => problems.push(problem) });
    const addresses = await listener.start((pipe) => pipe.destroy());
    expect(addresses[0]).toMatchObject({ transport: "tcp", address: "127.0.0.1" });
    expect(addresses.length + problems.length).toBe(2);
    expect(new Set(addresses.map(({ port }) => port)).size).toBe(1);
  });

  test.each([
    ["ipv4", ["127.0.0.1"]],
    ["ipv6", ["::1"]],
  ] as const)("of this machine may be %s only", async (socketFamily, wanted) => {
    const addresses = await listenerOf({ port: 0, socketFamily }).start((pipe) => pipe.destroy());
    expect(addresses.map(({ address }) => address)).toEqual(wanted);
  });

  test("a socket family chooses among the addresses of a name, and leaves IPv4 alone for every address of IPv6", async () => {
    const drop = (pipe: Pipe): void => pipe.destroy();
    const byName = await listenerOf({ host: ["localhost"], port: 0, socketFamily: "ipv4" }).start(drop);
    expect(byName.map(({ address }) => address)).toEqual(["127.0.0.1"]);
    const [every] = await listenerOf({ host: "::", port: 0, socketFamily: "ipv6" }).start(drop);
    const port = every?.port as number;
    const beside = await listenerOf({ host: "0.0.0.0", port, socketFamily: "ipv4" }).start(drop);
    expect(beside).toMatchObject([{ address: "0.0.0.0", port }]);
  });

  test.each([
    ["::1", "ipv4", "::1 has no address of IPv4"],
    ["127.0.0.1", "ipv6", "127.0.0.1 has no address of IPv6"],
  ] as const)("%s has no address of %s, and that is said", async (host, socketFamily, words) => {
    const listener = listenerOf({ host, port: 0, socketFamily });
    await expect(listener.start((pipe) => pipe.destroy())).rejects.toThrow(words);
  });

  test("a loopback without IPv6 goes on with IPv4 and says so", async () => {
    const problems: ListenError[] = [];
    const createIPv4OnlyServer = (): Server => {
      const server = createServer();
      const listen = server.listen.bind(server) as (options: { host: string }) => Server;
      server.listen = ((options: { host: string }) => {
        if (!options.host.includes(":")) return listen(options);
        const absent = Object.assign(new RangeError("absent"), { code: "EADDRNOTAVAIL" });
        process.nextTick(() => server.emit("error", absent));
        return server;
      }) as Server["listen"];
      return server;
    };
    const servers = await bindServers({ port: 0 }, createIPv4OnlyServer, (problem) => problems.push(problem));
    for (const server of servers) server.close();
    expect(servers).toHaveLength(1);
    expect(problems.map(({ message }) => message)).toEqual([
      "This machine has no IPv6; listening on 127.0.0.1 only",
    ]);
  });

  test("a port in use is a sentence that says what to do", async () => {
    const { port } = await accepting();
    const error = await listenerOf({ host: "127.0.0.1", port })
      .start(() => undefined)
      .catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ListenError);
    expect(error).toMatchObject({
      code: "MARTLET_LISTEN",
      message: `Port ${port} is in use by another program; stop it or choose another port`,
    });
  });

  test("a failed start leaves none of its addresses taken", async () => {
    const { port } = await accepting();
    const second = listenerOf({ host: ["127.0.0.2", "127.0.0.1"], port });
    await expect(second.start(() => undefined)).rejects.toThrow(ListenError);
    await listenerOf({ host: "127.0.0.2", port }).start(() => undefined);
  });

  test("an address of another machine and an unknown name", async () => {
    const start = (host: string) => listenerOf({ host, port: 0 }).start(() => undefined);
    await expect(start("192.0.2.1")).rejects.toThrow("This machine has no address 192.0.2.1");
    await expect(start("nowhere.invalid")).rejects.toThrow("The host name nowhere.invalid has no address");
  });

  test("starts once", async () => {
    const { listener } = await accepting();
    await expect(listener.start(() => undefined)).rejects.toMatchObject({ code: "MARTLET_STATE" });
  });

  test.each(kinds)("close refuses new connections and leaves the %s pipes", async (kind) => {
    const { port, pipes, listener } = await accepting({ pipes: kind });
    const client = await connectTcp({ port });
    await until("it is accepted", () => pipes.length === 1);
    const [atClient, atServer] = [watchClosing(client), watchClosing(pipes[0] as Pipe)];
    await listener.close();
    await listener.close();
    await expect(connectTcp({ port })).rejects.toMatchObject({ kind: "refused" });
    expect([atClient.closed, atServer.closed]).toEqual([false, false]);
    client.end();
    await until("both are closed", () => atClient.closed && atServer.closed);
  });

  test.each(kinds)("more than the most connections are dropped and reported (%s)", async (kind) => {
    const problems: ListenError[] = [];
    const { port, pipes } = await accepting({
      pipes: kind,
      maxConnections: 1,
      onProblem: (problem) => problems.push(problem),
    });
    const first = await connectTcp({ port });
    await until("the first is accepted", () => pipes.length === 1);
    const second = socketTo(port);
    await once(second, "close");
    expect(pipes).toHaveLength(1);
    expect(problems.map(({ message }) => message)).toEqual([
      "A connection was dropped: 1 are open, the most allowed",
    ]);
    const atServer = watchClosing(pipes[0] as Pipe);
    first.destroy();
    await until("the first is gone", () => atServer.closed);
    const third = await connectTcp({ port });
    await until("there is room again", () => pipes.length === 2);
    third.destroy();
  });

  test.each(kinds)("a thousand connections come and go, and none is left in the count (%s)", async (kind) => {
    const problems: ListenError[] = [];
    let accepted = 0;
    let closed = 0;
    const most = 25;
    const listener = listenerOf({
      host: "127.0.0.1",
      port: 0,
      pipes: kind,
      maxConnections: most,
      onProblem: (problem) => problems.push(problem),
    });
    const [address] = await listener.start((pipe) => {
      accepted++;
      pipe.open({
        onBytes: (chunk) => void pipe.write(Uint8Array.from(chunk)),
        onWritten: () => undefined,
        onClosed: () => void closed++,
      });
    });
    const ways: ((socket: Socket) => void)[] = [
      (socket) => socket.end(),
      (socket) => socket.destroy(),
      (socket) => socket.resetAndDestroy(),
      (socket) => socket.once("data", () => socket.end()).write("x"),
      (socket) => socket.once("data", () => socket.resetAndDestroy()).write("x"),
    ];
    for (let round = 0; round < 1000 / most; round++) {
      const sockets = Array.from({ length: most }, () => socketTo(address?.port ?? 0));
      await Promise.all(sockets.map((socket) => once(socket, "connect")));
      for (const [index, socket] of sockets.entries()) ways[index % ways.length]?.(socket);
      await until("all are gone", () => closed === (round + 1) * most);
    }
    expect({ accepted, closed, problems }).toEqual({ accepted: 1000, closed: 1000, problems: [] });
  });

  test("a connection that cannot be accepted is reported and accepting goes on", async () => {
    const problems: ListenError[] = [];
    const server = createServer((socket) => socket.end("hello"));
    const listener = new ServerListener(
      { host: "127.0.0.1", port: 0 },
      { onProblem: (problem) => problems.push(problem) },
      { kind: "tcp", createServer: () => server },
    );
    cleanups.push(() => listener.close());
    const [address] = await listener.start(() => undefined);
    server.emit("error", Object.assign(new RangeError("accept EMFILE"), { code: "EMFILE" }));
    expect(problems.map(({ message }) => message)).toEqual([
      "A connection could not be accepted: accept EMFILE",
    ]);
    const [greeting] = await once(socketTo(address?.port ?? 0), "data");
    expect(String(greeting)).toBe("hello");
  });
});

describe("the peer", () => {
  test.each(kinds)("a FIN is an orderly end, a reset is not (%s)", async (kind) => {
    const { port, pipes } = await accepting({ pipes: kind });
    const [polite, rude] = [socketTo(port), socketTo(port)];
    await until("both are accepted", () => pipes.length === 2);
    const closings = new Map(pipes.map((pipe) => [pipe.peer.remotePort, watchClosing(pipe)]));
    const atPolite = closings.get(polite.localPort ?? 0) as Closing;
    const atRude = closings.get(rude.localPort ?? 0) as Closing;
    polite.end();
    rude.resetAndDestroy();
    await until("both are closed", () => atPolite.closed && atRude.closed);
    expect(atPolite.error).toBeUndefined();
    expect(atRude.error).toBeInstanceOf(PipeError);
    expect(atRude.error).toMatchObject({
      kind: "reset",
      message: "The connection broke: read ECONNRESET",
      cause: { code: "ECONNRESET", syscall: "read" },
    });
  });

  test.each(kinds)("an IPv4 address on an IPv6 socket is shown as IPv4 (%s)", async (kind) => {
    const { port, pipes } = await accepting({ host: "::", pipes: kind });
    socketTo(port);
    await until("it is accepted", () => pipes.length === 1);
    expect(pipes[0]?.peer).toMatchObject({ remoteAddress: "127.0.0.1", localAddress: "127.0.0.1" });
  });
});

describe("dialing", () => {
  test("a refused connection is a typed error with a cause", async () => {
    const server = createServer();
    const port = await startedOn(server);
    server.close();
    const error = await connectTcp({ host: "localhost", port }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(PipeError);
    expect(error).toMatchObject({ kind: "refused" });
    expect((error as PipeError).message).toContain(`Cannot connect to localhost port ${port}: `);
  });
});

describe("Unix sockets", () => {
  async function socketPath(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "martlet-unix-"));
    cleanups.push(() => rm(folder, { recursive: true }));
    return join(folder, "martlet.sock");
  }

  test("has the rights it was given", async () => {
    const path = await socketPath();
    const addresses = await listenerOf({ path, mode: 0o600 }).start(() => undefined);
    expect(addresses).toEqual([{ transport: "unix", address: path, port: 0 }]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test("nobody else has more rights to it for a moment, and the umask stays", async () => {
    const umask = process.umask(0);
    cleanups.push(() => void process.umask(umask));
    const path = await socketPath();
    const starting = listenerOf({ path, mode: 0o660 }).start(() => undefined);
    // Its rights change in a later turn.
    for (let i = 0; i < 100 && !existsSync(path); i++) await Promise.resolve();
    expect(statSync(path).mode & 0o077).toBe(0);
    await starting;
    expect((await stat(path)).mode & 0o777).toBe(0o660);
    const second = await socketPath();
    await listenerOf({ path: second, group: process.getgid?.() ?? 0 }).start(() => undefined);
    expect((await stat(second)).mode & 0o777).toBe(0o777);
  });

  test("one that is served is not taken over", async () => {
    const path = await socketPath();
    await listenerOf({ path }).start((pipe) => pipe.destroy());
    await expect(listenerOf({ path }).start(() => undefined)).rejects.toThrow(
      `The socket ${path} is in use by another program`,
    );
    const client = await connectTcp({ path });
    client.destroy();
  });

  test("has the group it was given, by number or name", async () => {
    const path = await socketPath();
    const own = process.getgid?.() ?? 0;
    await listenerOf({ path, group: own, mode: 0o660 }).start(() => undefined);
    expect(await stat(path)).toMatchObject({ gid: own });
    const name = (await readFile("/etc/group", "utf8"))
      .split("\n")
      .find((line) => line.split(":")[2] === `${own}`);
    const second = await socketPath();
    await listenerOf({ path: second, group: name?.split(":")[0] ?? own }).start(() => undefined);
    expect(await stat(second)).toMatchObject({ gid: own });
    await expect(
      listenerOf({ path: `${path}2`, group: "no-such-group" }).start(() => undefined),
    ).rejects.toThrow("This machine has no group no-such-group; check the spelling, or give its number");
  });

  test("a file of another kind is never removed", async () => {
    const path = await socketPath();
    await writeFile(path, "precious");
    await expect(listenerOf({ path }).start(() => undefined)).rejects.toThrow(
      `There is a file ${path} that is no socket; choose another path, or remove it`,
    );
    expect(await readFile(path, "utf8")).toBe("precious");
  });

  test("one whose owner died is taken over", async () => {
    const path = await socketPath();
    await leaveStaleSocket(path);
    await listenerOf({ path }).start((pipe) => pipe.destroy());
    const client = await connectTcp({ path });
    client.destroy();
  });
});

/** A process that listens and is killed leaves the file behind. */
async function leaveStaleSocket(path: string): Promise<void> {
  const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  await once(spawn(process.execPath, ["-e", script]), "exit");
}
