/** What `martlet sub` does: subscribes, shows what comes, and ends when it is told to. */

import { type Message, SubscribeRefusedError } from "#client";
import { ProtocolVersion, topicMatches } from "#protocol";
import { onStopSignal } from "../stop-signals.ts";
import { MessagePrinter } from "./message-printer.ts";
import { complain } from "./run-tool.ts";
import { type MessageSettings, ToolStatus } from "./settings.ts";
import type { ShownMessage } from "./shown-message.ts";
import { ToolClient } from "./tool-client.ts";

const RATE_MS = 1_000;

type AnyMessage = Message<unknown, unknown>;

/** Resolves with the exit status. */
export async function subscribe(settings: MessageSettings): Promise<number> {
  const view = await openView(settings, () => run.stop(ToolStatus.OK));
  const tool = await ToolClient.open(settings, { mayReconnect: true });
  const run = new Run(tool, settings, view);
  try {
    return await run.toItsEnd();
  } finally {
    view.close();
  }
}

/** What becomes of a message that is to be shown. */
interface View {
  show(message: ShownMessage): Promise<void> | undefined;
  close(): void;
}

async function openView(settings: MessageSettings, onGone: () => void): Promise<View> {
  if (settings.watch) {
    const { WatchTable } = await import("./watch-table.ts");
    const table = new WatchTable(settings);
    return {
      show: (message) => {
        table.add(message);
        return undefined;
      },
      close: () => table.close(),
    };
  }
  const printer = await MessagePrinter.open(settings, onGone);
  if (!settings.messageRate) return { show: (message) => printer.print(message), close: () => undefined };
  let count = 0;
  const timer = setInterval(() => {
    void printer.write(`${count} messages/s\n`);
    count = 0;
  }, RATE_MS);
  return {
    show: () => {
      count++;
      return undefined;
    },
    close: () => clearInterval(timer),
  };
}

/** From the first connection to whatever ends it. */
class Run {
  readonly #tool: ToolClient;
  readonly #settings: MessageSettings;
  readonly #view: View;
  readonly #stopped = Promise.withResolvers<number>();
  #isStopping = false;
  #isAbrupt = false;
  #count = 0;
  /** Several subscriptions share the bytes of one packet; it is shown once. */
  #last: Uint8Array | undefined;

  constructor(tool: ToolClient, settings: MessageSettings, view: View) {
    this.#tool = tool;
    this.#settings = settings;
    this.#view = view;
  }

  /** Resolves with the exit status. Rejects when there is no first connection. */
  async toItsEnd(): Promise<number> {
    const { timeoutSeconds, exitAfterSuback } = this.#settings;
    onStopSignal(
      () => this.#stopAbruptly(ToolStatus.OK),
      () => undefined,
    );
    const limit =
      timeoutSeconds === undefined
        ? undefined
        : setTimeout(() => this.#stopAbruptly(ToolStatus.TIMED_OUT), timeoutSeconds * 1000);
    const granted = this.#subscribeAll();
    try {
      await Promise.race([this.#tool.connected(), this.#stopped.promise]);
      void this.#watchConnection();
      void granted.then((isAnyGranted) => {
        if (this.#settings.unsubscribe.length > 0) this.#tool.unsubscribe(this.#settings.unsubscribe);
        if (!isAnyGranted || exitAfterSuback) this.stop(ToolStatus.OK);
      });
      const status = await this.#stopped.promise;
      if (status === ToolStatus.TIMED_OUT) complain(this.#settings, "Timed out");
      return status;
    } finally {
      clearTimeout(limit);
      await this.#tool.close({ isAbrupt: this.#isAbrupt, drain: this.#settings.removeRetained });
    }
  }

  stop(status: number): void {
    this.#isStopping = true;
    this.#stopped.resolve(status);
  }

  #stopAbruptly(status: number): void {
    this.#isAbrupt = true;
    this.stop(status);
  }

  /** Resolves when the broker has answered all: with false when it refused all. */
  async #subscribeAll(): Promise<boolean> {
    const { topics, qos, retainAsPublished, retainHandling, version, properties } = this.#settings;
    const options = {
      qos,
      ...(version === ProtocolVersion.MQTT_5_0
        ? { retainAsPublished, retainHandling: retainHandling ?? 0, properties: properties.subscribe }
        : {}),
    };
    const filters = [...new Set(topics)];
    const answers = filters.map((filter) =>
      this.#tool.client
        .subscribe(filter as string, options, (message) => this.#onMessage(message as AnyMessage))
        .ready.then(
          () => "granted",
          (error: unknown) => this.#onRefused(filter, error),
        ),
    );
    const given = await Promise.all(answers);
    const isDenied = given.length > 0 && given.every((answer) => answer === "refused");
    if (isDenied) complain(this.#settings, "All subscription requests were denied.");
    return !isDenied;
  }

  /** Other ends of a subscription are those of the client, which says them itself. */
  async #onRefused(filter: string, error: unknown): Promise<"refused" | "ended"> {
    if (!(error instanceof SubscribeRefusedError)) return "ended";
    const { reasonText } = await import("./reason-text.ts");
    const said = error.properties.reasonString;
    const words = `Warning: The subscription to ${filter} was refused: ${reasonText(error.reasonCode)}.`;
    complain(this.#settings, ...(said === undefined ? [words] : [words, said]));
    return "refused";
  }

  /** A lost connection comes back, unless the broker said something that trying again will not change. */
  async #watchConnection(): Promise<void> {
    const error = await this.#tool.ended((trouble) => {
      complain(this.#settings, `Warning: The connection was lost (${trouble.message}); trying again.`);
    });
    if (error === undefined || this.#isStopping) return;
    const { failureOf } = await import("./reason-text.ts");
    const { lines, status } = failureOf(error, this.#settings);
    complain(this.#settings, ...lines);
    this.stop(status);
  }

  #onMessage(message: AnyMessage): Promise<void> | undefined {
    if (this.#isStopping || message.payload === this.#last) return undefined;
    this.#last = message.payload;
    const shown = this.#tool.shown(message);
    const { topicName, retain } = shown;
    const { retainedOnly, noRetained, filtersOut, removeRetained, count } = this.#settings;
    if (retainedOnly && !retain) {
      this.stop(ToolStatus.OK);
      return undefined;
    }
    if (noRetained && retain && !removeRetained) return undefined;
    if (filtersOut.some((filter) => topicMatches(filter, topicName))) return undefined;
    if (removeRetained && retain) void this.#remove(topicName);
    if (noRetained && retain) return undefined;
    const written = this.#isPicked() ? this.#view.show(shown) : undefined;
    this.#count++;
    if (this.#count === count) this.stop(ToolStatus.OK);
    return written;
  }

  #isPicked(): boolean {
    const { randomFilterPercent } = this.#settings;
    return randomFilterPercent >= 100 || Math.random() * 100 < randomFilterPercent;
  }

  async #remove(topicName: string): Promise<void> {
    try {
      await this.#tool.client.publish(topicName, "", { qos: 1, retain: true });
    } catch (error) {
      complain(
        this.#settings,
        `Warning: The retained message of ${topicName} was not removed: ${(error as Error).message}`,
      );
    }
  }
}
