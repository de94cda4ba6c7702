/**
 * The listener on Node's servers, for all transports that start from a stream socket: it binds one server for each
 * address and closes them. What a server does with a connection is the transport's business.
 */

import type { Server } from "node:net";
import { StateError } from "#base";
import { type BindTarget, bindServers } from "./bind.ts";
import { ListenError } from "./errors.ts";
import type { HandleIo } from "./handle-io.ts";
import type { ListeningAddress, Pipe, TransportKind, TransportListener } from "./pipe.ts";
import { choosePipes, type ListenNotice, type PipeChoice, type PipeKind } from "./pipe-choice.ts";

/** What all listeners on sockets can be told. */
export interface ServerListenerOptions {
  /** Most connections at a time on each address; more are dropped at once and reported. Default: no bound. */
  readonly maxConnections?: number;
  /** Hears of problems that do not stop the listener: no IPv6 here, no file descriptor left, too many connections. */
  readonly onProblem?: (problem: ListenError) => void;
  /** Hears what is no problem: which pipes run. */
  readonly onNotice?: ListenNotice;
}

/** What listeners can be told that have two kinds of pipes. */
export interface PipeOptions {
  /**
   * `net` pipes stand on Node's public sockets, the faster `handle` pipes on the handles below them, which Node does
   * not promise to leave as they are. Default `auto`: `handle` where it is known to work, otherwise `net`.
   */
  readonly pipes?: PipeChoice;
}

/** What one transport adds. */
export interface ServerRecipe<S extends Server> {
  readonly kind: TransportKind;
  /** Which pipes the listener is told to have; absent where there is one kind only. */
  readonly pipes?: PipeChoice;
  /** Says why handles do not work for this listener, or undefined. Default: a trial over TCP. */
  readonly tryHandles?: (handles: HandleIo) => Promise<string | undefined>;
  /** `handles` is there when the pipes are to stand on them. */
  createServer(accept: (pipe: Pipe) => void, handles: HandleIo | undefined): S;
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
    this.#started = this.#bind(accept);
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

  readonly #notice: ListenNotice = (level, sentence) => this.#options.onNotice?.(level, sentence);

  readonly #report = (problem: ListenError): void => this.#options.onProblem?.(problem);

  async #bind(accept: (pipe: Pipe) => void): Promise<S[]> {
    const handles = await this.#chooseHandles();
    const servers = await bindServers(this.#target, () => this.#createServer(accept, handles), this.#report);
    if (this.#recipe.pipes !== undefined) {
      const kind: PipeKind = handles === undefined ? "net" : "handle";
      this.#notice("debug", `What comes over ${this.kind} has ${kind} pipes.`);
    }
    return servers;
  }

  async #chooseHandles(): Promise<HandleIo | undefined> {
    const { pipes, tryHandles } = this.#recipe;
    if (pipes === undefined) return undefined;
    return await choosePipes({
      choice: pipes,
      ...(tryHandles === undefined ? {} : { attempt: tryHandles }),
      notice: this.#notice,
      warn: this.#report,
    });
  }

  #createServer(accept: (pipe: Pipe) => void, handles: HandleIo | undefined): S {
    const server = this.#recipe.createServer(accept, handles);
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
