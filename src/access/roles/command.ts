/** What one command of `$CONTROL/dynamic-security/v1` is: a change of a draft, or a look at it. */

import type { MaybePromise } from "#base";
import type { CommandFields } from "./command-fields.ts";
import type { Draft } from "./draft.ts";
import type { JsonObject } from "./json.ts";
import type { StoredPassword } from "./state.ts";

/** What commands need of their surroundings. */
export interface CommandTools {
  /** How many changes have been made since the start. */
  readonly changeIndex: number;
  hashPassword(password: string): Promise<StoredPassword>;
  /** Addresses of the user's connections; undefined when nobody knows. */
  connectionsOf(userName: string): readonly string[] | undefined;
}

/** An object is the answer's data, a text its error in mosquitto's words; undefined for done. */
export type CommandAnswer = JsonObject | string | undefined;

/** A command that answers an error has changed nothing. */
export type Command = (
  draft: Draft,
  fields: CommandFields,
  tools: CommandTools,
) => MaybePromise<CommandAnswer>;

export type Commands = Readonly<Record<string, Command>>;
