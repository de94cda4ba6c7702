/**
 * All commands by name, with a line on each for the list of them. Each is loaded when it is wanted, so that one that is not
 * costs nothing.
 */

import type { Command } from "./command.ts";

/** A command that need not be loaded yet. */
export interface KnownCommand {
  /** One line, for the list of commands. */
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

export const commands: Readonly<Record<string, KnownCommand>> = {
  broker: {
    summary: "Run an MQTT broker. This is what martlet does without a command.",
    load: async () => (await import("./commands/broker.ts")).brokerCommand,
  },
  pub: {
    summary: "Publish messages; takes the options of mosquitto_pub.",
    load: async () => (await import("./commands/pub.ts")).pubCommand,
  },
  sub: {
    summary: "Subscribe and show messages; takes the options of mosquitto_sub.",
    load: async () => (await import("./commands/sub.ts")).subCommand,
  },
  rr: {
    summary: "Send a request, show the response; the options of mosquitto_rr.",
    load: async () => (await import("./commands/rr.ts")).rrCommand,
  },
  decode: {
    summary: "Show what the bytes of MQTT packets mean, and what is wrong.",
    load: async () => (await import("./commands/decode.ts")).decodeCommand,
  },
  bench: {
    summary: "Put a load on any broker, and count what becomes of every message.",
    load: async () => (await import("./commands/bench.ts")).benchCommand,
  },
  encode: {
    summary: "Write the bytes of an MQTT packet that options or JSON describe.",
    load: async () => (await import("./commands/encode.ts")).encodeCommand,
  },
  certs: {
    summary: "Make certificates for TLS: authority, servers, clients.",
    load: async () => (await import("./commands/certs.ts")).certsCommand,
  },
  passwd: {
    summary: "Add, change and remove users in a password file.",
    load: async () => (await import("./commands/passwd.ts")).passwdCommand,
  },
  credentials: {
    summary: "Make what a device needs to log in at an IoT cloud.",
    load: async () => (await import("./commands/credentials.ts")).credentialsCommand,
  },
  store: {
    summary: "Look into a folder of durable state, check it, show it, shrink it.",
    load: async () => (await import("./commands/store.ts")).storeCommand,
  },
  migrate: {
    summary: "Turn mosquitto's files into Martlet's, with a report on each line.",
    load: async () => (await import("./commands/migrate.ts")).migrateCommand,
  },
  doctor: {
    summary: "Check a configuration and this machine, with advice.",
    load: async () => (await import("./commands/doctor.ts")).doctorCommand,
  },
  shadow: {
    summary: "Stand before another broker and tell how Martlet differs.",
    load: async () => (await import("./commands/shadow.ts")).shadowCommand,
  },
  conformance: {
    summary: "Grade any broker by the standards of MQTT 3.1, 3.1.1 and 5.0.",
    load: async () => (await import("./commands/conformance.ts")).conformanceCommand,
  },
  completion: {
    summary: "Write what a shell needs to complete commands and options.",
    load: async () => (await import("./commands/completion.ts")).completionCommand,
  },
};

/** What `martlet` without a command runs. */
export const DEFAULT_COMMAND = "broker";
