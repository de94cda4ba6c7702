/** From a configuration to what the broker and its journal take, by the names that the declarations carry. */

import type { ClientLimits } from "#auth";
import type { BrokerSettings, ListenerSettings } from "#broker";
import type { ProtocolVersion } from "#protocol";
import type { JournalSettings } from "#store";
import type { Declared } from "./declare.ts";
import { valueAt } from "./key-path.ts";
import { versionNames } from "./schema/behaviour.ts";
import { listeners } from "./schema/listeners.ts";
import {
  type Configuration,
  configurationSchema,
  type ListenerConfiguration,
  type UsersConfiguration,
} from "./schema/schema.ts";
import { users } from "./schema/users.ts";

const behaviour = ["mqtt", "client_ids", "limits", "session", "queue", "retained", "sys"] as const;

/** All settings of the broker. */
export function brokerSettingsOf(configuration: Configuration): Partial<BrokerSettings> {
  const settings: Record<string, unknown> = {};
  for (const name of behaviour) collect(configurationSchema.entries[name], configuration[name], settings);
  return settings;
}

/** What is different for this listener alone. */
export function listenerSettingsOf(listener: ListenerConfiguration): Partial<ListenerSettings> {
  const settings: Record<string, unknown> = {};
  collect(listeners.item, listener, settings);
  for (const name of behaviour) {
    if (name !== "sys") collect(listeners.item.entries[name], listener[name], settings);
  }
  return settings;
}

/** What is different for these users, whatever listener they come in on. */
export function clientLimitsOf(found: UsersConfiguration): ClientLimits {
  const settings: Record<string, unknown> = {};
  for (const name of ["mqtt", "limits", "session", "queue", "retained"] as const) {
    collect(users.item.entries[name], found[name], settings);
  }
  return settings;
}

export function journalSettingsOf({ persistence }: Configuration): Partial<JournalSettings> {
  const settings: Record<string, unknown> = {};
  collect(configurationSchema.entries.persistence, persistence, settings);
  return settings;
}

function collect(declared: Declared, value: unknown, settings: Record<string, unknown>): void {
  if (declared.kind !== "table") return;
  for (const [name, each] of Object.entries(declared.entries)) {
    const found = valueAt(value, [name]);
    if (each.setting === undefined || found === undefined) continue;
    settings[each.setting] = each.setting === "versions" ? versionsOf(found as readonly string[]) : found;
  }
}

function versionsOf(names: readonly string[]): ProtocolVersion[] {
  const levels = Object.entries(versionNames).filter(([, name]) => names.includes(name));
  return levels.map(([level]) => Number(level) as ProtocolVersion);
}
