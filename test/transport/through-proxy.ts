// Connections as a proxy makes them: a PROXY header in front, and behind it TCP, TLS or WebSocket as anywhere.
import { once } from "node:events";
import { connect as connectNet, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectSecure, type TLSSocket } from "node:tls";
import { WebSocket } from "ws";

/** Where to: a port of 127.0.0.1, or a Unix socket. */
export type Target = { readonly port: number } | { readonly path: string };

/** Names 192.0.2.7 port 56324. */
export const proxyLine = "PROXY TCP4 192.0.2.7 198.51.100.1 56324 1883\r\n";

/** What a listener then says of the client. */
export const proxiedClient = { remoteAddress: "192.0.2.7", remotePort: 56_324 };

/** One that tells nothing, for a client on a Unix socket. */
export const proxyUnknown = "PROXY UNKNOWN\r\n";

/** Names the socket's own end, as if there were no proxy. */
export function proxyItself({ localAddress, localPort, remotePort }: Socket): string {
  return `PROXY TCP4 ${localAddress} 127.0.0.1 ${localPort} ${remotePort}\r\n`;
}

/** The same for 2001:db8::7 in version 2. */
export const proxyBinary = Buffer.from(
  `0d0a0d0a000d0a515549540a21210024${"20010db8000000000000000000000007"}${"0".repeat(32)}dc04075b`,
  "hex",
);

/** Connected, and `header` is on its way. */
export async function socketBehind(
  header: string | Uint8Array | ((socket: Socket) => string),
  target: Target,
): Promise<Socket> {
  const socket = connectNet({ host: "127.0.0.1", ...target });
  await once(socket, "connect");
  socket.on("error", () => undefined);
  socket.setNoDelay(true);
  const bytes = typeof header === "function" ? header(socket) : header;
  if (bytes.length > 0) socket.write(bytes);
  return socket;
}

/** TLS over a socket, when its handshake is done. */
export async function secured(below: Socket, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connectSecure({ socket: below, host: "127.0.0.1", minVersion: "TLSv1.2", ...options });
  await once(socket, "secureConnect");
  return socket;
}

/** An open WebSocket over a socket, which may be one of TLS. */
export async function webSocketOver(socket: Socket): Promise<WebSocket> {
  const options = { createConnection: () => socket, perMessageDeflate: false };
  const webSocket = new WebSocket("ws://127.0.0.1/mqtt", ["mqtt"], options);
  await once(webSocket, "open");
  return webSocket;
}
