/** What `martlet pub` does: reads the payloads and publishes them. */

import { readFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { PublishRefusedError } from "#client";
import { inputLines, wholeInput } from "./input.ts";
import { reasonText } from "./reason-text.ts";
import { complain } from "./run-tool.ts";
import { type MessageSettings, type PayloadSource, ToolStatus, UsageError } from "./settings.ts";
import { ToolClient } from "./tool-client.ts";

/** Resolves with the exit status. */
export async function publish(settings: MessageSettings): Promise<number> {
  const source = settings.payload as PayloadSource;
  const payload = source.kind === "lines" ? undefined : await payloadOf(source);
  const tool = await ToolClient.open(settings, { mayReconnect: payload === undefined });
  await tool.connected();
  const publisher = new Publisher(tool, settings);
  if (payload === undefined) {
    for await (const line of inputLines()) await publisher.send(line);
  } else {
    for (let i = 0; i < settings.repeat; i++) {
      if (i > 0 && settings.repeatDelayMs > 0) await wait(settings.repeatDelayMs);
      await publisher.send(payload);
    }
  }
  await publisher.settled();
  await tool.close();
  return ToolStatus.OK;
}

/** @throws UsageError for a file or an input that cannot be sent */
export async function payloadOf(
  source: Exclude<PayloadSource, { kind: "lines" }>,
): Promise<Uint8Array | string> {
  switch (source.kind) {
    case "text":
      return source.text;
    case "empty":
      return "";
    case "input": {
      const bytes = await wholeInput();
      if (bytes.length > 0) return bytes;
      throw new UsageError("Error: Zero length input.\nError loading input from stdin.");
    }
    case "file":
      return await readFile(source.path).catch((error: unknown) => {
        const why = (error as Error).message;
        throw new UsageError(`Error: ${why}.\nError loading input file "${source.path}".`);
      });
  }
}

/** Publishes in order; at most `-M` messages wait for the broker. */
class Publisher {
  readonly #tool: ToolClient;
  readonly #settings: MessageSettings;
  readonly #waiting = new Set<Promise<void>>();
  #count = 0;

  constructor(tool: ToolClient, settings: MessageSettings) {
    this.#tool = tool;
    this.#settings = settings;
  }

  async send(payload: Uint8Array | string): Promise<void> {
    const { topics, qos, retain, properties } = this.#settings;
    const { topicAlias: _, ...rest } = properties.publish;
    const number = ++this.#count;
    const published = this.#tool.client.publish(topics[0] as string, payload, {
      qos,
      retain,
      ...(Object.keys(rest).length === 0 ? {} : { properties: rest }),
    });
    const settled = published.then(
      () => undefined,
      (error: unknown) => this.#onRefused(number, error),
    );
    this.#waiting.add(settled);
    void settled.then(
      () => this.#waiting.delete(settled),
      () => undefined,
    );
    while (this.#waiting.size >= (qos === 0 ? 1 : this.#settings.maximumInFlight))
      await Promise.race(this.#waiting);
  }

  /** Resolves when the broker has answered everything. */
  async settled(): Promise<void> {
    await Promise.all(this.#waiting);
  }

  #onRefused(number: number, error: unknown): void {
    if (!(error instanceof PublishRefusedError)) throw error;
    const { reasonCode, properties } = error;
    const words = [`Warning: Publish ${number} failed: ${reasonText(reasonCode)}.`, properties.reasonString];
    complain(this.#settings, ...words.filter((line) => line !== undefined));
  }
}
