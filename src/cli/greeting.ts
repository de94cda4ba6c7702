/** What a broker says of itself when it starts: where it listens, who can reach it, and how to change that. */

import type { ListeningAddress } from "#transport";

/** Lines for a person who has just typed the command. */
export function greeting(
  addresses: readonly ListeningAddress[],
  isExposed: boolean,
  webSocketPath: string,
): string[] {
  const tcp = addresses.filter(({ transport }) => transport === "tcp");
  const webSocket = addresses.filter(({ transport }) => transport === "websocket");
  const lines = [`Listening for MQTT over TCP: ${tcp.map((each) => `mqtt://${authority(each)}`).join(" ")}`];
  if (webSocket.length > 0) {
    const urls = webSocket.map((each) => `ws://${authority(each)}${webSocketPath}`).join(" ");
    lines.push(`Listening for MQTT over WebSocket: ${urls}`);
  }
  lines.push(
    isExposed
      ? "Other machines can connect, nobody is asked for a password, and nothing is encrypted: use this on a trusted network only."
      : "Only programs on this machine can connect, and nobody is asked for a password. To let other machines in: --host 0.0.0.0 --allow-anonymous",
    "Sessions and retained messages are kept in memory and are gone when the broker stops. All options: martlet --help",
  );
  return lines;
}

function authority({ address, port }: ListeningAddress): string {
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}
