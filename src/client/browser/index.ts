/**
 * @module client: the MQTT Client for browsers, workers, Deno and Bun, over WebSocket or a transport of your own.
 *
 * @example
 * ```ts
 * import { connect } from "martlet/client";
 *
 * const client = await connect("wss://broker.example.org/mqtt");
 * ```
 */

import { systemBelow } from "#base";
import { connectWith, type MqttClient } from "../client.ts";
import { clientClock } from "../client-clock.ts";
import type { ConnectOptions } from "../options.ts";
import { dialWebSocket } from "./web-socket-pipe.ts";
import { readWebUrl } from "./web-url.ts";

/** Two wake-ups of a page in the background, whose timers come once a minute, fit into it. */
const KEEP_ALIVE_SECONDS = 120;

/**
 * Connects to a broker and resolves when it has let the client in. Lost connections come back by themselves.
 *
 * @throws ConfigError, InvalidPacketError, ConnectRefusedError, ConnectionLostError, AbortedError
 */
export async function connect(url: string, options: ConnectOptions = {}): Promise<MqttClient> {
  const client = await connectWith(url, options, {
    clock: clientClock(),
    random: { below: systemBelow },
    dial: dialWebSocket,
    readUrl: readWebUrl,
    keepAliveSeconds: KEEP_ALIVE_SECONDS,
  });
  watchPage(client);
  return client;
}

/** A page that comes back to the front, or a machine that is online again, looks at once whether the broker is there. */
function watchPage(client: MqttClient): void {
  const page = globalThis as unknown as Partial<EventTarget> & {
    readonly document?: EventTarget & { hidden: boolean };
  };
  const leaving = new AbortController();
  const look = (): void => {
    if (client.current.state === "closed") leaving.abort();
    else if (page.document?.hidden !== true) client.poke();
  };
  // Its `signal` is what listeners are told to end with.
  page.addEventListener?.("online", look, leaving);
  page.document?.addEventListener("visibilitychange", look, leaving);
}

export * from "../exports.ts";
export * from "../extras.ts";
export { indexedDbOutbox } from "./indexed-db-outbox.ts";
