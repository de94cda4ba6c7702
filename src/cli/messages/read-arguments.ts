/**
 * A command line in mosquitto's spelling, and the options file that comes before it. Every option is honoured or refused by
 * name; nothing is skipped.
 */

import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { nearest } from "#base";
import { ProtocolVersion } from "#protocol";
import { allOptions } from "./option-table.ts";
import type { MessageOption } from "./options/message-option.ts";
import { readProperty } from "./property-option.ts";
import { defaultSettings, type MessageSettings, type Tool, UsageError } from "./settings.ts";

/** `help` and `version` ask for words instead. */
export type Reading =
  | { readonly wish: "help" | "version" }
  | { readonly wish: "run"; readonly settings: MessageSettings };

/** The options that `tool` has. */
export function optionsOf(tool: Tool): readonly MessageOption[] {
  return allOptions.filter(({ tools }) => tools.includes(tool));
}

/** Reads the options file, then `args`. @throws UsageError for what is not understood, or contradicts itself */
export function readArguments(tool: Tool, args: readonly string[]): Reading {
  const settings = defaultSettings(tool);
  for (const line of optionsFileLines(tool, args)) {
    if (readWords(tool, line, settings) !== "run") return { wish: "help" };
  }
  const wish = readWords(tool, args, settings);
  if (wish !== "run") return { wish };
  complete(tool, settings);
  return { wish, settings };
}

function readWords(tool: Tool, words: readonly string[], settings: MessageSettings): Reading["wish"] {
  const options = optionsOf(tool);
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    const [, name = word, inline] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
    const option = options.find(({ names }) => names.includes(name));
    if (option === undefined) throw unknownOption(word, options);
    if (name === "--help" || name === "--version") return name === "--help" ? "help" : "version";
    if (option.refused !== undefined) throw new UsageError(`Error: ${name}: ${option.refused}.`);
    if (option.names.includes("-D")) i += readProperty(settings, words, i + 1);
    else if (option.value === undefined) {
      if (inline !== undefined) throw new UsageError(`Error: ${name} takes no value.`);
      option.apply(settings, "", tool);
    } else {
      const value = inline ?? words[++i];
      if (value === undefined) {
        throw new UsageError(
          `Error: ${option.names[0]} argument given but no ${option.missing ?? "value"} specified.\n`,
        );
      }
      option.apply(settings, value, tool);
    }
    if (option.names.includes("-D")) settings.version = ProtocolVersion.MQTT_5_0;
  }
  return "run";
}

function unknownOption(word: string, options: readonly MessageOption[]): UsageError {
  const names = options.flatMap((option) => option.names).filter((name) => name.startsWith("--"));
  const near = word.startsWith("--") ? nearest(word, names) : undefined;
  const hint = near === undefined ? "" : `\nDid you mean ${near}?`;
  return new UsageError(`Error: Unknown option '${word}'.${hint}`);
}

/** Lines as words. The value of most options is the rest of the line, spaces included. */
function optionsFileLines(tool: Tool, args: readonly string[]): string[][] {
  const at = args.indexOf("-o");
  const named = at < 0 ? undefined : args[at + 1];
  const folder = process.env["XDG_CONFIG_HOME"] ?? join(homedir(), ".config");
  let content: string;
  try {
    content = readFileSync(named ?? join(folder, `mosquitto_${tool}`), "utf8");
  } catch (error) {
    if (named === undefined) return [];
    throw new UsageError(`Error: Unable to open options file "${named}": ${(error as Error).message}`);
  }
  return content
    .split(/\r?\n/)
    .filter((line) => !line.startsWith("#") && line.trim() !== "")
    .map((line) => {
      const [, name = "", value = ""] = /^ *(\S+) *(.*)$/.exec(line) ?? [];
      if (name === "-D" || name === "--property") return [name, ...value.split(/ +/)];
      return value === "" ? [name] : [name, value];
    });
}

function complete(tool: Tool, settings: MessageSettings): void {
  checkTogether(settings);
  settings.isTls =
    !settings.noTls &&
    (settings.isTls ||
      settings.caFile !== undefined ||
      settings.caPath !== undefined ||
      settings.useOsCerts ||
      settings.psk !== undefined ||
      settings.port === 8883);
  if (!settings.isTls && !settings.noTls) warnWithoutTls(settings);
  completeSession(settings);
  if (settings.idPrefix !== undefined) settings.clientId = `${settings.idPrefix}${process.pid}`;
  if (tool === "sub") {
    if (settings.topics.length === 0 && settings.unsubscribe.length === 0) {
      throw new UsageError("Error: You must specify a topic to subscribe to (-t) or unsubscribe from (-U).");
    }
    if (settings.noRetained && settings.retainedOnly) {
      throw new UsageError("\nError: Combining '-R' and '--retained-only' makes no sense.");
    }
  } else if (tool === "pub") {
    if (settings.topics.length === 0 || settings.payload === undefined) {
      throw new UsageError("Error: Both topic and message must be supplied.");
    }
  } else if (
    settings.topics.length === 0 ||
    settings.payload === undefined ||
    settings.responseTopic === undefined
  ) {
    throw new UsageError("Error: All of topic, message, and response topic must be supplied.");
  }
}

function checkTogether(settings: MessageSettings): void {
  const { willTopic, willPayload, willRetain, certFile, keyFile, caFile, caPath, psk, pskIdentity } =
    settings;
  if (willPayload !== undefined && willTopic === undefined) {
    throw new UsageError("Error: Will payload given, but no will topic given.");
  }
  if (willRetain && willTopic === undefined) {
    throw new UsageError("Error: Will retain given, but no will topic given.");
  }
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new UsageError("Error: Both certfile and keyfile must be provided if one of them is set.");
  }
  if (psk !== undefined && (caFile !== undefined || caPath !== undefined)) {
    throw new UsageError("Error: Only one of --psk or --cafile/--capath may be used at once.");
  }
  if (psk !== undefined && pskIdentity === undefined) {
    throw new UsageError("Error: --psk-identity required if --psk used.");
  }
  if (settings.format !== undefined && settings.valueFormat !== undefined) {
    throw new UsageError("Error: Only one of -F and --format may be used at once.");
  }
  if (
    settings.password !== undefined &&
    settings.userName === undefined &&
    settings.version !== ProtocolVersion.MQTT_5_0
  ) {
    throw new UsageError("Error: Problem setting username and/or password. -P needs -u before MQTT 5.0.");
  }
}

/** What has no effect is said, and not skipped. */
function warnWithoutTls(settings: MessageSettings): void {
  const given = Object.entries({
    "--insecure": settings.insecure || undefined,
    "--ciphers": settings.ciphers,
    "--tls-version": settings.tlsVersion,
    "--tls-alpn": settings.tlsAlpn,
    "--tls-keylog": settings.tlsKeyLog,
    "--cert": settings.certFile,
  }).filter(([, value]) => value !== undefined);
  for (const [name] of given) {
    settings.warnings.push(`Warning: ${name} has no effect: this connection is without TLS.`);
  }
}

function completeSession(settings: MessageSettings): void {
  const { version, cleanSession, clientId } = settings;
  if (version !== ProtocolVersion.MQTT_5_0) {
    if (!cleanSession && clientId === undefined) {
      throw new UsageError("Error: You must provide a client id if you are using the -c option.");
    }
    return;
  }
  settings.sessionExpiryInterval ??=
    settings.properties.connect.sessionExpiryInterval ?? (cleanSession ? 0 : 0xffff_ffff);
  if (settings.sessionExpiryInterval === 0xffff_ffff && clientId === undefined) {
    throw new UsageError(
      "Error: You must provide a client id if you are using an infinite session expiry interval.",
    );
  }
}
