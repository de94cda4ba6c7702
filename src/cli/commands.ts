/** All commands by name. Each is loaded when it is wanted, so that one that is not costs nothing. */

import type { Command } from "./command.ts";

export const commands: Readonly<Record<string, () => Promise<Command>>> = {
  broker: async () => (await import("./commands/broker.ts")).brokerCommand,
  conformance: async () => (await import("./commands/conformance.ts")).conformanceCommand,
};

/** What `martlet` without a command runs. */
export const DEFAULT_COMMAND = "broker";
