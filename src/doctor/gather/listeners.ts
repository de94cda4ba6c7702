/** Where listeners would stand on this machine: the addresses behind their hosts, and whether they can be listened on. */

import { lookup } from "node:dns/promises";
import { accessSync, constants } from "node:fs";
import { connect, createServer, isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { dirname } from "node:path";
import { type Configuration, hasLogins, type ListenerConfiguration } from "#config";
import { isExposed, type ListenerOptions, listenerName } from "#server";
import type { Binding, HostFacts, ListenerFacts, OwnAddress, SocketFacts } from "../facts.ts";
import { isFolder } from "./files.ts";

/** What listening without a host means. */
const LOOPBACK_HOSTS = ["127.0.0.1", "::1"];
const SOCKET_TIMEOUT_MS = 1_000;

export async function listenerFacts(configuration: Configuration): Promise<ListenerFacts[]> {
  const found: ListenerFacts[] = [];
  // One after the other: two that want the same port would be in each other's way.
  for (const listener of configuration.listeners) {
    const options = optionsOf(listener);
    const isUnix = listener.protocol === "unix";
    found.push({
      name: listenerName(options),
      listener,
      isEncrypted: listener.protocol === "tls" || listener.protocol === "wss",
      isExposed: isExposed(options),
      allowsAnonymous: allowsAnonymous(listener, options, configuration),
      hosts: isUnix ? [] : await hostFacts(listener),
      socket: isUnix ? await socketFacts(listener.path ?? "") : undefined,
    });
  }
  return found;
}

/** As far as names and exposure go by them. */
function optionsOf(listener: ListenerConfiguration): ListenerOptions {
  const { protocol, name, host, port = 0, path = "", proxy_protocol: proxyProtocol } = listener;
  const common = { ...(name === undefined ? {} : { name }), proxyProtocol };
  if (protocol === "unix") return { protocol, path, ...common };
  return {
    protocol: "tcp",
    port,
    ...(host === undefined ? {} : { host }),
    ...common,
    name: name ?? `${protocol}:${port}`,
  };
}

/** As the gate of a configured broker has it: unless something is said, only where nobody else could get in. */
function allowsAnonymous(
  listener: ListenerConfiguration,
  options: ListenerOptions,
  configuration: Configuration,
): boolean {
  const usual = !hasLogins(configuration, listener) && !isExposed(options);
  return listener.allow_anonymous ?? configuration.logins.allow_anonymous ?? usual;
}

async function hostFacts({ host, port = 0 }: ListenerConfiguration): Promise<HostFacts[]> {
  const hosts = host === undefined || (host.length === 1 && host[0] === "localhost") ? LOOPBACK_HOSTS : host;
  const isUsual = hosts === LOOPBACK_HOSTS;
  const found: HostFacts[] = [];
  for (const each of hosts) {
    const binding = await bindingOf({ host: each, port, isOneOfSeveral: hosts.length > 1 });
    // A machine without IPv6 listens on 127.0.0.1 only.
    if (isUsual && each === "::1" && binding === "no-such-address") continue;
    found.push({ host: each, addresses: await addressesOf(each, hosts.length > 1), binding });
  }
  return found;
}

interface BindTrial {
  readonly host: string;
  readonly port: number;
  readonly isOneOfSeveral: boolean;
}

/** Listens there for a moment. */
async function bindingOf({ host, port, isOneOfSeveral }: BindTrial): Promise<Binding> {
  const server = createServer();
  return await new Promise<Binding>((resolve) => {
    server.once("error", (error: NodeJS.ErrnoException) => resolve(bindings[error.code ?? ""] ?? "unknown"));
    server.listen({ host, port, ipv6Only: isOneOfSeveral, exclusive: true }, () => {
      server.close(() => resolve("free"));
    });
  });
}

const bindings: Readonly<Record<string, Binding>> = {
  EADDRINUSE: "in-use",
  EACCES: "not-allowed",
  EPERM: "not-allowed",
  EADDRNOTAVAIL: "no-such-address",
  EAFNOSUPPORT: "no-such-address",
  ENOTFOUND: "no-such-name",
  EAI_AGAIN: "no-such-name",
};

/** Those of this machine that `host` stands for. With other hosts beside it `::` is IPv6 alone, as where brokers listen. */
async function addressesOf(host: string, isOneOfSeveral: boolean): Promise<OwnAddress[]> {
  const own = ownAddresses();
  if (host === "::") return isOneOfSeveral ? own.filter(({ address }) => isIP(address) === 6) : own;
  if (host === "0.0.0.0") return own.filter(({ address }) => isIP(address) === 4);
  const texts = isIP(host) === 0 ? await addressesByName(host) : [host];
  return texts.map((address) => ({
    address,
    interfaceName: own.find((each) => each.address === address)?.interfaceName,
  }));
}

function ownAddresses(): OwnAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([interfaceName, addresses = []]) =>
    addresses.map(({ address }) => ({ address, interfaceName })),
  );
}

/** None for a name that nobody knows; trying to listen says so. */
async function addressesByName(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    return [];
  }
}

async function socketFacts(path: string): Promise<SocketFacts> {
  const folder = dirname(path);
  const folderExists = isFolder(folder);
  return {
    folderExists,
    folderIsWritable: folderExists && mayWrite(folder),
    isTaken: folderExists && (await answers(path)),
  };
}

export function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function answers(path: string): Promise<boolean> {
  return await new Promise<boolean>((resolve) => {
    const socket = connect({ path, timeout: SOCKET_TIMEOUT_MS });
    const end = (isTaken: boolean): void => {
      socket.destroy();
      resolve(isTaken);
    };
    socket.once("connect", () => end(true));
    // Full, so somebody is there.
    socket.once("error", ({ code }: NodeJS.ErrnoException) => end(code === "EAGAIN"));
    socket.once("timeout", () => end(true));
  });
}
