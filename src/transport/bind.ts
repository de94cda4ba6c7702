/**
 * Binding servers to addresses: all of them or none, one port for all, and a Unix socket whose owner has died is taken
 * over.
 */

import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { chmod, chown, lstat, readFile, unlink } from "node:fs/promises";
import { type AddressInfo, connect, isIP, type ListenOptions, type Server } from "node:net";
import { isMainThread } from "node:worker_threads";
import { ListenError, listenOnPathError, listenOnPortError, systemCode } from "./errors.ts";

/** An address and port; `port` 0 lets the system choose one, the same for all hosts. */
export interface PortTarget {
  /** One address or name, or several. Default, and the meaning of `localhost`: 127.0.0.1 and, where it exists, ::1. */
  readonly host?: string | readonly string[];
  readonly port: number;
  /** Which addresses of a name are listened on; with one of them an address of the other family is an error. Default `any`. */
  readonly socketFamily?: SocketFamily;
}

export type SocketFamily = "any" | "ipv4" | "ipv6";

/** Of a listener's options only where it listens. */
export function portTargetOf({ host, port, socketFamily }: PortTarget): PortTarget {
  return {
    port,
    ...(host === undefined ? {} : { host }),
    ...(socketFamily === undefined ? {} : { socketFamily }),
  };
}

/** A Unix socket. */
interface PathTarget {
  readonly path: string;
  /** Rights of the socket's file, for example `0o660`. Default: what the process's umask leaves. */
  readonly mode?: number;
  /** Group of the socket's file, by number or by a name of `/etc/group`. Default: the process's. */
  readonly group?: number | string;
}

/** Where to listen. */
export type BindTarget = PortTarget | PathTarget;

const EVERYBODY = 0o777;
const ALL_BUT_OWNER = 0o177;

const LOOPBACK_HOSTS: Readonly<Record<SocketFamily, readonly string[]>> = {
  any: ["127.0.0.1", "::1"],
  ipv4: ["127.0.0.1"],
  ipv6: ["::1"],
};

/** For `chown`: whoever it is. */
const SAME_OWNER = -1;

/** So many times the system may choose a port that is free on the first host only. */
const PORT_CHOICES = 8;

/** Servers from `createServer` that listen on every address of `target`. Throws `ListenError` and leaves none behind. */
export async function bindServers<S extends Server>(
  target: BindTarget,
  createServer: () => S,
  report: (problem: ListenError) => void,
): Promise<S[]> {
  if ("path" in target) return [await bindPath(target, createServer)];
  for (let choice = 1; ; choice++) {
    try {
      return await bindPort(target, createServer, report);
    } catch (error) {
      const unlucky =
        target.port === 0 && error instanceof ListenError && systemCode(error.cause) === "EADDRINUSE";
      if (!unlucky || choice === PORT_CHOICES) throw error;
    }
  }
}

async function bindPort<S extends Server>(
  target: PortTarget,
  createServer: () => S,
  report: (problem: ListenError) => void,
): Promise<S[]> {
  const { host = "localhost", socketFamily = "any" } = target;
  const loopback = host === "localhost";
  const named = loopback ? LOOPBACK_HOSTS[socketFamily] : typeof host === "string" ? [host] : host;
  const hosts = socketFamily === "any" ? named : await Promise.all(named.map(addressIn(socketFamily)));
  const servers: S[] = [];
  let port = target.port;
  for (const host of hosts) {
    try {
      // With several hosts each stands for itself: `::` must not take 0.0.0.0 as well.
      const ipv6Only = hosts.length > 1 || socketFamily === "ipv6";
      const server = await listen(createServer(), { host, port, ipv6Only });
      servers.push(server);
      port = (server.address() as AddressInfo).port;
    } catch (error) {
      if (loopback && servers.length > 0 && isWithoutIPv6(error)) {
        report(new ListenError("This machine has no IPv6; listening on 127.0.0.1 only", { cause: error }));
        continue;
      }
      for (const server of servers) server.close();
      throw listenOnPortError(host, port, error);
    }
  }
  return servers;
}

/** The address of a host in `family`. @throws ListenError when it has none */
function addressIn(family: Exclude<SocketFamily, "any">): (host: string) => Promise<string> {
  const version = family === "ipv4" ? 4 : 6;
  return async (host) => {
    if (isIP(host) === version) return host;
    try {
      if (isIP(host) === 0) return (await lookup(host, { family: version })).address;
    } catch (error) {
      throw new ListenError(familySentence(host, version), { cause: error });
    }
    throw new ListenError(familySentence(host, version));
  };
}

function familySentence(host: string, version: 4 | 6): string {
  return `${host} has no address of IPv${version}; give another host, or let the socket family be any`;
}

function isWithoutIPv6(error: unknown): boolean {
  const code = systemCode(error);
  return code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT";
}

async function bindPath<S extends Server>(target: PathTarget, createServer: () => S): Promise<S> {
  const { path, mode, group } = target;
  const server = createServer();
  try {
    const groupId = group === undefined ? undefined : await groupIdOf(group);
    let rights = mode;
    const open = async (): Promise<void> => {
      const usual = await listenForOwner(server, path);
      rights ??= group === undefined ? undefined : usual;
    };
    // Nobody has to be kept out for a moment who may come in then.
    const begin = mode === undefined && group === undefined ? () => listen(server, { path }) : open;
    await begin().catch(async (error: unknown) => {
      if (systemCode(error) !== "EADDRINUSE" || (await isTaken(path))) throw error;
      await unlink(path);
      await begin();
    });
    if (groupId !== undefined) await chown(path, SAME_OWNER, groupId);
    if (rights !== undefined) await chmod(path, rights);
    return server;
  } catch (error) {
    server.close();
    throw error instanceof ListenError ? error : listenOnPathError(path, error);
  }
}

/** @throws ListenError for a name that this machine does not know */
async function groupIdOf(group: number | string): Promise<number> {
  if (typeof group === "number") return group;
  const lines = (await readFile("/etc/group", "utf8")).split("\n").map((line) => line.split(":"));
  const id = lines.find(([name]) => name === group)?.[2];
  if (id !== undefined) return Number(id);
  throw new ListenError(`This machine has no group ${group}; check the spelling, or give its number`);
}

/** Whether somebody listens on the socket; only a clear refusal is a no. @throws ListenError for a file of another kind */
async function isTaken(path: string): Promise<boolean> {
  const file = await lstat(path);
  if (!file.isSocket()) {
    throw new ListenError(`There is a file ${path} that is no socket; choose another path, or remove it`);
  }
  const socket = connect({ path });
  try {
    await once(socket, "connect");
    return true;
  } catch (error) {
    return systemCode(error) !== "ECONNREFUSED";
  } finally {
    socket.destroy();
  }
}

/**
 * Listens on a socket to which nobody else connects before it has the group and the rights that it is to have. Returns the rights
 * that it would have had. Within a worker, which has no umask of its own, it has them from the beginning.
 */
async function listenForOwner(server: Server, path: string): Promise<number> {
  if (!isMainThread) {
    await listen(server, { path });
    return (await lstat(path)).mode & EVERYBODY;
  }
  const umask = process.umask(ALL_BUT_OWNER);
  let listening: Promise<Server>;
  try {
    // The file is made in this turn.
    listening = listen(server, { path });
  } finally {
    process.umask(umask);
  }
  await listening;
  return EVERYBODY & ~umask;
}

async function listen<S extends Server>(server: S, options: ListenOptions): Promise<S> {
  const listening = once(server, "listening");
  server.listen(options);
  await listening;
  return server;
}
