/** The opening of a connection through a SOCKS5 proxy (RFC 1928, RFC 1929); the proxy looks up the host's name. */

import type { Socket } from "node:net";
import { concatBytes, utf8Encode } from "#base";
import { PipeError } from "#transport";

const VERSION = 5;
const NO_AUTHENTICATION = 0;
const USER_NAME = 2;
const DEFAULT_PORT = 1080;

export interface Proxy {
  readonly host: string;
  readonly port: number;
  readonly userName?: string;
  readonly password?: string;
}

/** `socks5h://[user[:password]@]host[:port]`; undefined for what is none. */
export function parseProxy(text: string): Proxy | undefined {
  let url: URL;
  try {
    url = new URL(text.replace(/^socks5h:/, "http:"));
  } catch {
    return undefined;
  }
  const port = /:(\d+)$/.exec(text)?.[1];
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: port === undefined ? DEFAULT_PORT : Number(port),
    ...(url.username === "" ? {} : { userName: decodeURIComponent(url.username) }),
    ...(url.password === "" ? {} : { password: decodeURIComponent(url.password) }),
  };
}

/** Asks the proxy at the other end of `socket` for a connection. Rejects with a `PipeError` when it refuses. */
export async function openThroughProxy(
  socket: Socket,
  proxy: Proxy,
  target: { readonly host: string; readonly port: number },
): Promise<void> {
  const method = proxy.userName === undefined ? NO_AUTHENTICATION : USER_NAME;
  socket.write(Uint8Array.of(VERSION, 1, method));
  const [, chosen] = await take(socket, 2);
  if (chosen !== method) throw refusal(proxy, "it asks for another authentication");
  if (method === USER_NAME) {
    socket.write(concatBytes([Uint8Array.of(1), field(proxy.userName ?? ""), field(proxy.password ?? "")]));
    const [, status] = await take(socket, 2);
    if (status !== 0) throw refusal(proxy, "wrong user name or password");
  }
  const port = Uint8Array.of(target.port >> 8, target.port & 0xff);
  socket.write(concatBytes([Uint8Array.of(VERSION, 1, 0, 3), field(target.host), port]));
  const [, reply = 1, , kind] = await take(socket, 4);
  if (reply !== 0) throw refusal(proxy, replies[reply] ?? `code ${reply}`);
  const length = kind === 1 ? 4 : kind === 4 ? 16 : ((await take(socket, 1))[0] ?? 0);
  await take(socket, length + 2);
}

const replies: Readonly<Record<number, string>> = {
  1: "a general failure",
  2: "its rules do not allow it",
  3: "the network cannot be reached",
  4: "the host cannot be reached",
  5: "connection refused",
  6: "no answer",
};

function field(text: string): Uint8Array {
  const bytes = utf8Encode(text);
  return concatBytes([Uint8Array.of(bytes.length), bytes]);
}

function refusal({ host, port }: Proxy, why: string): PipeError {
  return new PipeError("refused", `The proxy ${host} port ${port} does not connect: ${why}`);
}

/** Exactly `count` bytes; what comes behind them stays in the socket. */
async function take(socket: Socket, count: number): Promise<Uint8Array> {
  for (;;) {
    const bytes = socket.read(count) as Buffer | null;
    if (bytes !== null) return bytes;
    await new Promise<void>((resolve, reject) => {
      const settle = (act: () => void) => () => {
        socket.off("readable", onReadable).off("close", onClose);
        act();
      };
      const onReadable = settle(resolve);
      const onClose = settle(() => reject(new PipeError("reset", "The proxy closed the connection")));
      socket.on("readable", onReadable).on("close", onClose);
    });
  }
}
