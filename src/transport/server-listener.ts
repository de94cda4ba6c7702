/**
 * The listener on Node's servers, for all transports that start from a stream socket: it binds one server for each
 * address and closes them. What a server does with a connection is the transport's business.
 */

import type { Server } from "node:net";
import { StateError } from "#base";
import { type BindTarget, bindServers } from "./bind.ts";
import { ListenError } from "./errors.ts";
import type { ListeningAddress, Pipe, TransportKind, TransportListener } from "./pipe.ts";

/** What all listeners on sockets can be told. */
export interface ServerListenerOptions {
  /** Most connections at a time on each address; more are dropped at once and reported. Default: no bound. */
  readonly maxConnections?: number;
  /** Hears of problems that do not stop the listener: no IPv6 here, no file descriptor left, too many connections. */
  readonly onProblem?: (problem: ListenError) => void;
}

/** What one transport adds. */
export interface ServerRecipe<S extends Server> {
  readonly kind: TransportKind;
  createServer(accept: (pipe: Pipe) => void): S;
  /** Ends what is not a pipe yet, after the server has stopped to accept. */
  dropUnfinished?(server: S): void;
}

/** A `TransportListener` on one server for each address of `target`. */
export class ServerListener<S extends Server> implements TransportListener {
  readonly #target: BindTarget;
  readonly #options: ServerListenerOptions;
  readonly #recipe: ServerRecipe<S>;
  #started: Promise<S[]> | undefined;

  constructor(target: BindTarget, options: ServerListenerOptions, recipe: ServerRecipe<S>) {
    this.#target = target;
    this.#options = options;
    this.#recipe = recipe;
  }

  get kind(): TransportKind {
    return this.#recipe.kind;
  }

  async start(accept: (pipe: Pipe) => void): Promise<ListeningAddress[]> {
    if (this.#started !== undefined) throw new StateError("A listener starts once; make another one");
    this.#started = bindServers(this.#target, () => this.#createServer(accept), this.#report);
    return (await this.#started).map((server) => this.#addressOf(server));
  }

  async close(): Promise<void> {
    const servers = await this.#started?.catch(() => []);
    for (const server of servers ?? []) {
      if (!server.listening) continue;
      // Its callback would wait for the last connection to end.
      server.close();
      this.#recipe.dropUnfinished?.(server);
    }
  }

  readonly #report = (problem: ListenError): void => this.#options.onProblem?.(problem);

  #createServer(accept: (pipe: Pipe) => void): S {
    const server = this.#recipe.createServer(accept);
    const { maxConnections } = this.#options;
    if (maxConnections !== undefined) server.maxConnections = maxConnections;
    server.on("drop", () =>
      this.#report(new ListenError(`A connection was dropped: ${maxConnections} are open, the most allowed`)),
    );
    // While it listens an error concerns one connection, for example EMFILE; before, `bindServers` has it.
    server.on("error", (cause) => {
      if (server.listening) {
        this.#report(new ListenError(`A connection could not be accepted: ${cause.message}`, { cause }));
      }
    });
    return server;
  }

  #addressOf(server: S): ListeningAddress {
    const bound = server.address();
    const transport = this.#recipe.kind;
    return typeof bound === "object" && bound !== null
      ? { transport, address: bound.address, port: bound.port }
      : { transport, address: bound ?? "", port: 0 };
  }
}
