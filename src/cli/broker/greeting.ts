/** What a broker says of itself when it starts: where it listens, who can reach it, and how to change that. */

import type { PersistenceOptions } from "#server";
import type { ListeningAddress, TransportKind } from "#transport";

/** What the addresses alone do not tell. */
interface Setup {
  readonly isExposed: boolean;
  /** Whether somebody has to prove who they are. */
  readonly hasLogins: boolean;
  /** The path of the URL, by the port. */
  readonly webSocketPath: (port: number) => string;
  readonly persistence: PersistenceOptions | undefined;
}

const kinds: Readonly<Partial<Record<TransportKind, readonly [name: string, scheme: string]>>> = {
  tcp: ["TCP", "mqtt"],
  tls: ["TLS", "mqtts"],
  websocket: ["WebSocket", "ws"],
  wss: ["WebSocket over TLS", "wss"],
  unix: ["a Unix socket", ""],
};

/** Lines for a person who has just typed the command. */
export function greeting(addresses: readonly ListeningAddress[], setup: Setup): string[] {
  const lines: string[] = [];
  for (const [kind, [name, scheme]] of Object.entries(kinds)) {
    const urls = addresses
      .filter(({ transport }) => transport === kind)
      .map((each) => {
        if (kind === "unix") return each.address;
        const path = scheme.startsWith("ws") ? setup.webSocketPath(each.port) : "";
        return `${scheme}://${authority(each)}${path}`;
      });
    if (urls.length > 0) lines.push(`Listening for MQTT over ${name}: ${urls.join(" ")}`);
  }
  const isEncrypted = addresses.some(({ transport }) => transport === "tls" || transport === "wss");
  lines.push(whoConnects(setup, isEncrypted), `${kept(setup.persistence)} All options: martlet --help`);
  return lines;
}

function whoConnects({ isExposed, hasLogins }: Setup, isEncrypted: boolean): string {
  if (isExposed && hasLogins)
    return `Other machines can connect, and ${isEncrypted ? "only TLS is encrypted" : "nothing is encrypted"}.`;
  if (isExposed) {
    return `Other machines can connect, nobody is asked for a password, and ${isEncrypted ? "only TLS is encrypted" : "nothing is encrypted"}: use this on a trusted network only.`;
  }
  if (hasLogins) return "Only programs on this machine can connect.";
  return "Only programs on this machine can connect, and nobody is asked for a password. To let other machines in: --host 0.0.0.0 --allow-anonymous";
}

function kept(persistence: PersistenceOptions | undefined): string {
  if (persistence === undefined)
    return "Sessions and retained messages are kept in memory and are gone when the broker stops.";
  const { folder, mode } = persistence;
  return mode === "os"
    ? `Sessions and retained messages are kept in ${folder} (mode os: a power cut may lose the last moments).`
    : `Sessions and retained messages are kept in ${folder} (mode durable: what is acknowledged is on the disk).`;
}

function authority({ address, port }: ListeningAddress): string {
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}
