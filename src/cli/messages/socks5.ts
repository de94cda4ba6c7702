/**
 * The opening of a connection through a SOCKS5 proxy (RFC 1928, RFC 1929). With `socks5h:` the proxy looks up the host's
 * name, with `socks5:` this machine does, as with curl.
 */

import { lookup } from "node:dns/promises";
import type { Socket } from "node:net";
import { concatBytes, parseAddress, utf8Encode } from "#base";
import { PipeError } from "#transport";
import type { Proxy } from "./proxy-option.ts";

const VERSION = 5;
const NO_AUTHENTICATION = 0;
const USER_NAME = 2;
/** A length is one byte. */
const LONGEST_FIELD = 255;

const AddressType = { IPV4: 1, NAME: 3, IPV6: 4 } as const;

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
  socket.write(concatBytes([Uint8Array.of(VERSION, 1, 0), await addressOf(target.host, proxy), port]));
  const [, reply = 1, , kind] = await take(socket, 4);
  if (reply !== 0) throw refusal(proxy, replies[reply] ?? `code ${reply}`);
  const length =
    kind === AddressType.IPV4 ? 4 : kind === AddressType.IPV6 ? 16 : ((await take(socket, 1))[0] ?? 0);
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

/** `host` with its type before it: an address as its bytes, a name as it is unless this machine looks it up. */
async function addressOf(host: string, { looksUpNames }: Proxy): Promise<Uint8Array> {
  let bytes = parseAddress(host);
  if (bytes === undefined && !looksUpNames) bytes = parseAddress((await lookup(host)).address);
  if (bytes === undefined) return concatBytes([Uint8Array.of(AddressType.NAME), field(host)]);
  return concatBytes([Uint8Array.of(bytes.length === 4 ? AddressType.IPV4 : AddressType.IPV6), bytes]);
}

function field(text: string): Uint8Array {
  const bytes = utf8Encode(text);
  if (bytes.length > LONGEST_FIELD) {
    throw new PipeError(
      "refused",
      `SOCKS5 cannot say more than ${LONGEST_FIELD} bytes: ${text.slice(0, 20)}...`,
    );
  }
  return concatBytes([Uint8Array.of(bytes.length), bytes]);
}

function refusal({ host, port }: Proxy, why: string): PipeError {
  return new PipeError("refused", `The proxy ${host} port ${port} does not connect: ${why}`);
}

/**
 * Exactly `count` bytes, taken one by one: what comes behind them stays in the socket. Rejects when it ends or fails before.
 */
async function take(socket: Socket, count: number): Promise<Uint8Array> {
  const taken = new Uint8Array(count);
  for (let i = 0; i < count; ) {
    const byte = socket.read(1) as Buffer | null;
    if (byte === null) await moreOf(socket);
    else taken[i++] = byte[0] as number;
  }
  return taken;
}

/** Resolves when there may be something to read. Only for a socket in which nothing is left. */
async function moreOf(socket: Socket): Promise<void> {
  if (socket.destroyed) throw goneEarly();
  await new Promise<void>((resolve, reject) => {
    const settle = (act: () => void): void => {
      socket.off("readable", onReadable).off("close", onClose).off("error", onError);
      act();
    };
    const onReadable = (): void => settle(resolve);
    const onClose = (): void => settle(() => reject(goneEarly()));
    const onError = (error: Error): void => settle(() => reject(error));
    socket.on("readable", onReadable).on("close", onClose).on("error", onError);
  });
}

function goneEarly(): PipeError {
  return new PipeError("reset", "The proxy closed the connection");
}
