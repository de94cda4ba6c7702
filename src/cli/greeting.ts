/** What a broker says of itself when it starts: where it listens, who can reach it, and how to change that. */

import type { PersistenceOptions } from "#server";
import type { ListeningAddress } from "#transport";

/** What the addresses alone do not tell. */
interface Setup {
  readonly isExposed: boolean;
  readonly webSocketPath: string;
  readonly persistence: PersistenceOptions | undefined;
}

/** Lines for a person who has just typed the command. */
export function greeting(
  addresses: readonly ListeningAddress[],
  { isExposed, webSocketPath, persistence }: Setup,
): string[] {
  const tcp = addresses.filter(({ transport }) => transport === "tcp");
  const tls = addresses.filter(({ transport }) => transport === "tls");
  const webSocket = addresses.filter(({ transport }) => transport === "websocket");
  const lines = [`Listening for MQTT over TCP: ${tcp.map((each) => `mqtt://${authority(each)}`).join(" ")}`];
  if (tls.length > 0) {
    lines.push(`Listening for MQTT over TLS: ${tls.map((each) => `mqtts://${authority(each)}`).join(" ")}`);
  }
  if (webSocket.length > 0) {
    const urls = webSocket.map((each) => `ws://${authority(each)}${webSocketPath}`).join(" ");
    lines.push(`Listening for MQTT over WebSocket: ${urls}`);
  }
  lines.push(
    isExposed
      ? `Other machines can connect, nobody is asked for a password, and ${tls.length > 0 ? "only TLS is encrypted" : "nothing is encrypted"}: use this on a trusted network only.`
      : "Only programs on this machine can connect, and nobody is asked for a password. To let other machines in: --host 0.0.0.0 --allow-anonymous",
    `${kept(persistence)} All options: martlet --help`,
  );
  return lines;
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
