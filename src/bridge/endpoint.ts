/**
 * One of the two clients of a bridge. It comes back by itself when its connection is lost, and is replaced when it gives up: what a
 * person would have to look after, such as a wrong password, may be put right at the other end.
 */

import type { Clock } from "#base";
import { type ConnectOptions, connect, type MqttClient } from "#client";

/** Who uses it. */
export interface EndpointUser {
  /** There is a new client; it has not said anything yet. */
  onClient(client: MqttClient): void;
  onUp(client: MqttClient): void;
  /** The connection was lost, or did not come about. */
  onDown(error: Error | undefined, was: { readonly isUp: boolean }): void;
}

export interface EndpointSettings {
  readonly clock: Clock;
  /** Until a client that gave up is replaced; undefined: never. */
  readonly replaceAfterMs: number | undefined;
  /** Handed on as they are, so that those that are asked again may change. */
  readonly options: ConnectOptions & { readonly background: true };
}

/** It goes where `dial` goes. */
const ANYWHERE = "mqtt://bridge";

export class Endpoint {
  readonly #settings: EndpointSettings;
  readonly #user: EndpointUser;
  #client: MqttClient | undefined;
  #run = 0;
  #isUp = false;
  #cancelReplacement: (() => void) | undefined;

  constructor(settings: EndpointSettings, user: EndpointUser) {
    this.#settings = settings;
    this.#user = user;
  }

  /** Undefined before `start`, after `stop`, and until a client that gave up is replaced. */
  get client(): MqttClient | undefined {
    return this.#client;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Between `start` and `stop`. */
  get isStarted(): boolean {
    return this.#run % 2 === 1;
  }

  /** Connects, and goes on until `stop`. Does nothing when it is started. */
  start(): void {
    if (this.isStarted) return;
    this.#run++;
    this.#begin();
  }

  /** Ends the client; `farewell` is the last that it does, when it is connected. */
  async stop(
    farewell: (client: MqttClient) => Promise<unknown>,
    close?: Parameters<MqttClient["close"]>[0],
  ): Promise<void> {
    if (!this.isStarted) return;
    this.#run++;
    this.#cancelReplacement?.();
    const client = this.#client;
    const wasUp = this.#isUp;
    this.#client = undefined;
    this.#isUp = false;
    if (client !== undefined && wasUp) await farewell(client);
    await client?.close(close);
  }

  #begin(): void {
    const run = this.#run;
    void this.#live(run).catch((error: unknown) => this.#over(run, error as Error));
  }

  async #live(run: number): Promise<void> {
    const client = await connect(ANYWHERE, this.#settings.options);
    if (run !== this.#run) {
      await client.close();
      return;
    }
    this.#client = client;
    this.#user.onClient(client);
    for await (const status of client.status()) {
      if (run !== this.#run) return;
      if (status.state === "connected") {
        this.#isUp = true;
        this.#user.onUp(client);
      } else if (status.state === "waiting") this.#down(status.error);
      else if (status.state === "closed") this.#over(run, status.error);
    }
  }

  #down(error: Error | undefined): void {
    const isUp = this.#isUp;
    this.#isUp = false;
    this.#user.onDown(error, { isUp });
  }

  #over(run: number, error: Error | undefined): void {
    if (run !== this.#run) return;
    const { clock, replaceAfterMs } = this.#settings;
    void this.#client?.close();
    this.#client = undefined;
    this.#down(error);
    if (replaceAfterMs === undefined || run !== this.#run) return;
    this.#cancelReplacement = clock.schedule(replaceAfterMs, () => this.#begin());
  }
}
