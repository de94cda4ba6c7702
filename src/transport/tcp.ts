/**
 * TCP and Unix sockets: the listener, with `HandlePipe` or `SocketPipe` at its ends, and the dialer, with `SocketPipe`.
 */

import { once } from "node:events";
import { connect, createServer, type Server } from "node:net";
import { type Clock, systemClock } from "#base";
import { type ArrivalOptions, Arrivals } from "./arrivals.ts";
import type { BindTarget } from "./bind.ts";
import { failedDial, PipeError } from "./errors.ts";
import { createHandleServer } from "./handle-server.ts";
import { DEFAULT_GRACE_MS, type Pipe, type TransportListener } from "./pipe.ts";
import { acceptProxied } from "./proxied-pipe.ts";
import { type ProxyOptions, trustedProxiesOf } from "./proxy-trust.ts";
import { type PipeOptions, ServerListener, type ServerListenerOptions } from "./server-listener.ts";
import { nodeSocketOptions, type SocketOptions } from "./socket-options.ts";
import { SocketPipe } from "./socket-pipe.ts";

/** What a TCP connection can be told at either end. */
interface TcpOptions extends SocketOptions {
  /** How long `Pipe.end` waits for the peer. Default: 2 seconds. */
  readonly graceMs?: number;
  readonly clock?: Clock;
}

/** Where to listen (`port`, or `path` for a Unix socket), and how. */
export type TcpListenerOptions = BindTarget &
  TcpOptions &
  PipeOptions &
  ProxyOptions &
  ArrivalOptions &
  ServerListenerOptions;

/** Where to, and how: `{ port: 1883 }`, `{ host: "192.0.2.7", port: 1883 }` or `{ path: "/run/martlet.sock" }`. */
export type TcpDialOptions = TcpOptions &
  ({ readonly host?: string; readonly port: number } | { readonly path: string }) & {
    /** How long the connection may take to come about. Default: 10 seconds. */
    readonly timeoutMs?: number;
    /** The address of this machine that it comes from. Default: the system's choice. */
    readonly localAddress?: string;
  };

const DEFAULT_DIAL_TIMEOUT_MS = 10_000;

/**
 * A listener on TCP, or on a Unix socket when a `path` is given.
 *
 * @example
 * const listener = tcpListener({ port: 1883 });
 * const addresses = await listener.start((pipe) => pipe.open(receiver));
 *
 * @throws ConfigError for proxies that are no addresses
 */
export function tcpListener(options: TcpListenerOptions): TransportListener {
  const transport = "path" in options ? "unix" : "tcp";
  const pipeOptions = pipeOptionsOf(options);
  const { clock } = pipeOptions;
  const trusted = trustedProxiesOf(options, transport === "unix" ? "unix" : "port");
  const arrivals = new Arrivals(options, clock, (problem) => options.onProblem?.(problem));
  return new ServerListener<Server>(options, options, {
    kind: transport,
    pipes: options.pipes ?? "auto",
    createServer(accept, io) {
      const home = trusted === undefined ? undefined : { arrivals, trusted, clock, accept };
      const take = home === undefined ? accept : (pipe: Pipe): void => acceptProxied(pipe, home);
      return io === undefined
        ? createServer(nodeSocketOptions(options), (socket) =>
            take(new SocketPipe(socket, transport, pipeOptions)),
          )
        : createHandleServer({ ...pipeOptions, io, transport, openPipes: 0 }, options, take);
    },
    dropUnfinished: () => arrivals.dropAll(),
  });
}

/** Connects to a TCP port (of 127.0.0.1 unless a `host` is given) or a Unix socket. Throws `PipeError`. */
export async function connectTcp(options: TcpDialOptions): Promise<Pipe> {
  const pipeOptions = pipeOptionsOf(options);
  const target =
    "path" in options
      ? { path: options.path }
      : { host: options.host ?? "127.0.0.1", port: options.port, ...fromAddress(options) };
  const name = "path" in target ? target.path : `${target.host} port ${target.port}`;
  const socket = connect({ ...target, ...nodeSocketOptions(options) });
  const cancelTimeout = pipeOptions.clock.schedule(options.timeoutMs ?? DEFAULT_DIAL_TIMEOUT_MS, () =>
    socket.destroy(new PipeError("timed-out", `Cannot connect to ${name}: no answer`)),
  );
  try {
    await once(socket, "connect");
    return new SocketPipe(socket, "path" in target ? "unix" : "tcp", pipeOptions);
  } catch (error) {
    throw failedDial(name, error);
  } finally {
    cancelTimeout();
  }
}

function fromAddress({ localAddress }: TcpDialOptions): { readonly localAddress?: string } {
  return localAddress === undefined ? {} : { localAddress };
}

function pipeOptionsOf({ clock = systemClock(), graceMs = DEFAULT_GRACE_MS }: TcpOptions) {
  return { clock, graceMs };
}
