/** All commands by name. Each is loaded when it is wanted, so that one that is not costs nothing. */

import type { Command } from "./command.ts";

export const commands: Readonly<Record<string, () => Promise<Command>>> = {
  broker: async () => (await import("./commands/broker.ts")).brokerCommand,
  pub: async () => (await import("./commands/pub.ts")).pubCommand,
  sub: async () => (await import("./commands/sub.ts")).subCommand,
  rr: async () => (await import("./commands/rr.ts")).rrCommand,
  decode: async () => (await import("./commands/decode.ts")).decodeCommand,
  bench: async () => (await import("./commands/bench.ts")).benchCommand,
  encode: async () => (await import("./commands/encode.ts")).encodeCommand,
  certs: async () => (await import("./commands/certs.ts")).certsCommand,
  passwd: async () => (await import("./commands/passwd.ts")).passwdCommand,
  store: async () => (await import("./commands/store.ts")).storeCommand,
  conformance: async () => (await import("./commands/conformance.ts")).conformanceCommand,
  completion: async () => (await import("./commands/completion.ts")).completionCommand,
};

/** What `martlet` without a command runs. */
export const DEFAULT_COMMAND = "broker";
