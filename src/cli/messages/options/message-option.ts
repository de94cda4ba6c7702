/** One option of the message tools, and the forms that most of them have. */

import type { MessageSettings, Tool } from "../settings.ts";

export interface MessageOption {
  /** Short first, with dashes. */
  readonly names: readonly [string, ...string[]];
  readonly tools: readonly Tool[];
  /** What its value is called; undefined for a switch. */
  readonly value?: string;
  /** The word in "argument given but no ... specified". */
  readonly missing?: string;
  readonly help: string;
  /** It is known and not honoured: this is why. */
  readonly refused?: string;
  readonly group: OptionGroup;
  readonly apply: (settings: MessageSettings, value: string, tool: Tool) => void;
}

export type OptionGroup = "message" | "output" | "connection" | "will" | "TLS" | "other";

export const ALL: readonly Tool[] = ["pub", "sub", "rr"];
export const READERS: readonly Tool[] = ["sub", "rr"];
export const WRITERS: readonly Tool[] = ["pub", "rr"];
export const nothing = (): void => undefined;

type Names = MessageOption["names"];

export function flag(
  names: Names,
  tools: readonly Tool[],
  group: OptionGroup,
  help: string,
  apply: (settings: MessageSettings) => void,
): MessageOption {
  return { names, tools, group, help, apply };
}

export function text(
  names: Names,
  value: string,
  missing: string,
  group: OptionGroup,
  help: string,
  apply: MessageOption["apply"],
): MessageOption {
  return { names, tools: ALL, value, missing, group, help, apply };
}

/** Known, and not honoured. */
export function refused(
  names: Names,
  value: string | undefined,
  group: OptionGroup,
  help: string,
  why: string,
): MessageOption {
  return {
    names,
    tools: ALL,
    group,
    help,
    refused: why,
    apply: nothing,
    ...(value === undefined ? {} : { value }),
  };
}
