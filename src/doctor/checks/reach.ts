/** Where each listener can be reached from, whether what it says can be read on the way, and whether its port is free. */

import { AddressRanges } from "#base";
import { isLoopback } from "#server";
import type { Facts, HostFacts, ListenerFacts } from "../facts.ts";
import { type Finding, note, ok, problem } from "../finding.ts";

type ReachFacts = Pick<Facts, "listeners"> & {
  readonly system: Pick<Facts["system"], "firstFreePort" | "isRoot">;
  readonly folder: Pick<NonNullable<Facts["folder"]>, "holder"> | undefined;
};

/** Longest path of a Unix socket, in bytes. */
const LONGEST_SOCKET_PATH = 107;
const OTHERS_MAY_WRITE = 0o002;

/** Networks whose addresses nobody outside of them can reach; those that providers share among customers as well. */
const localNetworks = new AddressRanges(
  [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "100.64.0.0/10",
    "fc00::/7",
    "fe80::/10",
  ],
  "localNetworks",
);

/** Who can reach an address: programs here, machines near by, or everybody. */
type Scope = "machine" | "local" | "public";

function scopeOf(address: string): Scope {
  if (isLoopback(address)) return "machine";
  return localNetworks.has(address) ? "local" : "public";
}

/** The widest of a listener's addresses. What comes through a proxy may come from anywhere. */
export function scopeOfListener({ hosts, isExposed, listener }: ListenerFacts): Scope {
  if (!isExposed) return "machine";
  if (listener.proxy_protocol) return "public";
  const scopes = hosts.flatMap(({ addresses }) => addresses.map(({ address }) => scopeOf(address)));
  return scopes.includes("public") || scopes.length === 0 ? "public" : "local";
}

export function checkReach(facts: ReachFacts): Finding[] {
  return facts.listeners.flatMap((listener) =>
    listener.socket === undefined
      ? [
          reachOf(listener),
          ...listener.hosts.flatMap((host) => bindingOf(listener, host, facts)),
          ...privilegeOf(listener, facts.system),
        ]
      : socketOf(listener, facts),
  );
}

function reachOf(facts: ListenerFacts): Finding {
  const { name, isEncrypted, hosts, listener } = facts;
  const where = hosts.map(placeOf).join(", ");
  const head = `Listener ${name}, ${isEncrypted ? "encrypted" : "not encrypted"}`;
  const scope = scopeOfListener(facts);
  if (listener.proxy_protocol) {
    const from = listener.trusted_proxies.join(", ");
    return note("reach", `${head}: for whoever comes through the proxies ${from}, at ${where}.`);
  }
  if (scope === "machine") return ok("reach", `${head}: for programs on this machine only, at ${where}.`);
  const who = scope === "local" ? "machines of the local network" : "machines of every network";
  const sentence = `${head}: for ${who}, at ${where}.`;
  if (scope === "public") return isEncrypted ? ok("reach", sentence) : note("reach", sentence);
  return note("reach", `${sentence} What forwards to these addresses lets in others, too.`);
}

/** `127.0.0.1 (lo)`; what stands for several addresses is followed by them: `0.0.0.0 (lo 127.0.0.1, eth0 192.0.2.7)`. */
function placeOf({ host, addresses }: HostFacts): string {
  const [only] = addresses;
  if (only?.address === host)
    return only.interfaceName === undefined ? host : `${host} (${only.interfaceName})`;
  const shown = addresses.map(({ address, interfaceName = "" }) => `${interfaceName} ${address}`.trim());
  return shown.length === 0 ? host : `${host} (${shown.join(", ")})`;
}

function bindingOf(
  { name, listener }: ListenerFacts,
  { host, binding }: HostFacts,
  facts: ReachFacts,
): Finding[] {
  const { port = 0 } = listener;
  const place = `Port ${port} at ${host}`;
  const { firstFreePort = 0 } = facts.system;
  const isPrivileged = port > 0 && port < firstFreePort;
  switch (binding) {
    case "free":
    case "unknown":
      return [];
    case "in-use":
      return [inUse(place, `listener ${name}`, facts)];
    case "not-allowed":
      return [
        problem(
          "reach",
          `${place} is not for this user${isPrivileged ? `: ports below ${firstFreePort} are for root` : ""}.`,
          "Give the broker the right to it (CAP_NET_BIND_SERVICE), or take a higher port.",
        ),
      ];
    case "no-such-address":
      return [
        problem(
          "reach",
          `This machine has no address ${host}, which listener ${name} asks for.`,
          "Mend host.",
        ),
      ];
    case "no-such-name":
      return [
        problem("reach", `Nobody knows the name ${host} of listener ${name}.`, "Mend host, or the DNS."),
      ];
  }
}

/** Root may use all ports, so trying them says nothing about the broker's own user. */
function privilegeOf({ name, listener, hosts }: ListenerFacts, system: ReachFacts["system"]): Finding[] {
  const { port = 0 } = listener;
  const { firstFreePort = 0, isRoot } = system;
  const isFree = hosts.some(({ binding }) => binding === "free");
  if (!isRoot || !isFree || port === 0 || port >= firstFreePort) return [];
  return [
    note(
      "reach",
      `Port ${port} of listener ${name} is for root only, as all below ${firstFreePort}.`,
      "Give the broker the right to it (CAP_NET_BIND_SERVICE) if it does not run as root.",
    ),
  ];
}

function inUse(place: string, whose: string, { folder }: ReachFacts): Finding {
  if (folder?.holder !== undefined)
    return ok(
      "reach",
      `${place} is in use, as it should be: a broker runs in the data folder (${folder.holder}).`,
    );
  const advice = `Stop that program, or choose another place for ${whose}. If it is this broker, --probe says more.`;
  return folder === undefined
    ? note("reach", `${place} is in use, by this broker or by another program.`, advice)
    : problem("reach", `${place} is in use by another program.`, advice);
}

function socketOf({ name, listener, socket }: ListenerFacts, facts: ReachFacts): Finding[] {
  const { path = "", mode } = listener;
  if (socket === undefined) return [];
  if (!socket.folderExists)
    return [problem("reach", `The folder of the socket ${path} is not there.`, "Make it, or mend path.")];
  if (!socket.folderIsWritable)
    return [
      problem("reach", `This user may not make the socket ${path}.`, "Give it the right to the folder."),
    ];
  if (Buffer.byteLength(path) > LONGEST_SOCKET_PATH)
    return [
      problem(
        "reach",
        `The path ${path} is too long for a socket.`,
        `Choose one of at most ${LONGEST_SOCKET_PATH} bytes.`,
      ),
    ];
  const who =
    mode === undefined
      ? "for those whom the umask of the broker lets"
      : (mode & OTHERS_MAY_WRITE) === 0
        ? `for its owner and group as mode ${modeText(mode)} says`
        : "for every user of this machine";
  const found = ok("reach", `Listener ${name}: a socket at ${path}, ${who}.`);
  return socket.isTaken ? [found, inUse(path, `listener ${name}`, facts)] : [found];
}

/** `0660` */
export function modeText(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, "0");
}
