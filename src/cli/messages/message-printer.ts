/**
 * Messages on standard output, as `-F`, `--format`, `-v` and `-N` say. A slow reader holds the messages back; one that goes away
 * ends the tool.
 */

import { describeError } from "#base";
import { printable } from "../escape.ts";
import { latin1, toBytes } from "./byte-text.ts";
import { type Paint, paintFor } from "./paint.ts";
import type { MessageSettings } from "./settings.ts";
import type { ShownMessage } from "./shown-message.ts";
import type { ValueFormatName } from "./values/names.ts";

type Render = (message: ShownMessage) => string;

export class MessagePrinter {
  readonly #render: Render;
  #isGone = false;
  readonly #onGone: () => void;

  private constructor(render: Render, onGone: () => void) {
    this.#render = render;
    this.#onGone = onGone;
    process.stdout.on("error", () => {
      this.#isGone = true;
      this.#onGone();
    });
  }

  /** @throws UsageError for a format that cannot be read */
  static async open(settings: MessageSettings, onGone: () => void): Promise<MessagePrinter> {
    return new MessagePrinter(await renderer(settings), onGone);
  }

  /** Resolves when there is room for more. */
  print(message: ShownMessage): Promise<void> | undefined {
    return this.write(this.#render(message));
  }

  /** Writes text in which each character is a byte. */
  write(bytes: string): Promise<void> | undefined {
    if (this.#isGone || bytes === "") return undefined;
    if (process.stdout.write(bytes, "latin1")) return undefined;
    return new Promise((resolve) => process.stdout.once("drain", resolve));
  }
}

async function renderer(settings: MessageSettings): Promise<Render> {
  const end = settings.endOfLine ? "\n" : "";
  const complain = (sentence: string): void => {
    if (!settings.quiet) console.error(printable(sentence));
  };
  if (settings.format !== undefined) {
    const { readFormat } = await import("./format-text.ts");
    const format = readFormat(settings.format);
    return (message) => format(message, { isPretty: settings.pretty, complain }) + end;
  }
  const paint = paintFor(settings.color);
  if (settings.valueFormat !== undefined) return valueRenderer(settings, paint, end, complain);
  if (!settings.verbose) {
    return ({ payload }) => (payload.length === 0 ? "" : latin1(payload) + end);
  }
  return ({ topicName, payload }) => {
    if (payload.length === 0) return end === "" ? "" : `${toBytes(`${paint("topic", topicName)} (null)`)}\n`;
    return `${toBytes(paint("topic", topicName))} ${latin1(payload)}${end}`;
  };
}

async function valueRenderer(
  settings: MessageSettings,
  paint: Paint,
  end: string,
  complain: (sentence: string) => void,
): Promise<Render> {
  const name = settings.valueFormat as ValueFormatName;
  const { valueFormats } = await import("./values/value-formats.ts");
  const format = await valueFormats[name]();
  const hex = await valueFormats.hex();
  return ({ topicName, payload }) => {
    const topic = settings.verbose ? `${paint("topic", printable(topicName))} ` : "";
    let value: string;
    try {
      value = format(payload, paint);
    } catch (error) {
      complain(`Error: Message payload on topic ${topicName} is no ${name}: ${describeError(error)}`);
      value = hex(payload, paint);
    }
    const isLong =
      topic !== "" &&
      name !== "json" &&
      value.includes("\n") &&
      !value.startsWith("{") &&
      !value.startsWith("[");
    return toBytes(`${topic}${isLong ? "\n" : ""}${value}`) + end;
  };
}
