/**
 * Declarations of settings that other rooms own: their defaults, their ranges and what becomes of a change are taken from there,
 * and their meaning from the comment that stands there.
 */

import { InvariantError, isAddressRange } from "#base";
import {
  type BrokerSettings,
  defaultSettings,
  isClientIdPrefix,
  isMountPoint,
  type SettingChange,
  settingRanges,
  settingTraits,
} from "#broker";
import { defaultJournalSettings, type JournalSettings, journalSettingRanges } from "#store";
import type { Entries, Table, TextForm, Unit } from "../declare.ts";

type NamesOf<Value> = {
  [Name in keyof BrokerSettings]-?: BrokerSettings[Name] extends Value ? Name : never;
}[keyof BrokerSettings];

/** Who says what a broker's setting means: `BrokerSettings`. */
export interface OfBroker<Name extends keyof BrokerSettings> {
  readonly setting: Name;
  readonly reload: SettingChange;
}

export function ofBroker<const Name extends keyof BrokerSettings>(setting: Name): OfBroker<Name> {
  return { setting, reload: settingTraits[setting][1] };
}

export interface NumberMarks<Name extends keyof BrokerSettings> extends OfBroker<Name> {
  readonly kind: "whole";
  readonly lowest: number;
  readonly highest: number;
  readonly unit?: Unit;
}

/** A number of the broker's settings. */
export function brokerNumber<const Name extends NamesOf<number>>(
  setting: Name,
  unit?: Unit,
): NumberMarks<Name> & { readonly default: number } {
  return { ...optionalBrokerNumber(setting, unit), default: defaultSettings[setting] };
}

/** One that need not be set. */
export function optionalBrokerNumber<const Name extends NamesOf<number | undefined>>(
  setting: Name,
  unit?: Unit,
): NumberMarks<Name> {
  const range = settingRanges[setting];
  if (range === undefined) throw new InvariantError(`The setting ${setting} has no range.`);
  const [lowest, highest] = range;
  return { kind: "whole", lowest, highest, ...(unit === undefined ? {} : { unit }), ...ofBroker(setting) };
}

/** Something that the broker does or does not. */
export function brokerToggle<const Name extends NamesOf<boolean>>(
  setting: Name,
): OfBroker<Name> & { readonly kind: "toggle"; readonly default: boolean } {
  return { kind: "toggle", default: defaultSettings[setting], ...ofBroker(setting) };
}

/** A text that need not be set. */
export function brokerText<const Name extends NamesOf<string | undefined>>(
  setting: Name,
  form?: TextForm,
): OfBroker<Name> & { readonly kind: "text"; readonly form?: TextForm } {
  return { kind: "text", ...(form === undefined ? {} : { form }), ...ofBroker(setting) };
}

/** A number of the journal's settings. */
export function journalNumber(setting: keyof JournalSettings, unit: Unit) {
  const [lowest, highest] = journalSettingRanges[setting];
  return { kind: "whole", lowest, highest, unit, default: defaultJournalSettings[setting], setting } as const;
}

type Traits = typeof settingTraits;
type SettingIn<D> = D extends { readonly setting: infer Name extends keyof BrokerSettings } ? Name : never;

/** Those entries of a table that may differ by listener; none of them has a default there. */
type PerListener<E> = {
  readonly [Name in keyof E as Traits[SettingIn<E[Name]>][0] extends "broker" ? never : Name]: Omit<
    E[Name],
    "default"
  >;
};

/** Those entries of a table that may differ by client. */
type PerClient<E> = {
  readonly [Name in keyof E as Traits[SettingIn<E[Name]>][0] extends "client" ? Name : never]: Omit<
    E[Name],
    "default" | "reload"
  >;
};

/** The table for some users: the keys that may differ by client, on top of those for the listener. They hold from the next login on. */
export function perUser<const E extends Entries>(whole: Table & { readonly entries: E }, name: string) {
  const entries = Object.entries(whole.entries).flatMap(([key, declared]) => {
    const [scope] = settingTraits[declared.setting as keyof BrokerSettings];
    const { default: _, reload: __, ...bare } = declared as typeof declared & { readonly default?: unknown };
    return scope === "client" ? [[key, bare] as const] : [];
  });
  return {
    kind: "table",
    says: `Instead of those in \`[${name}]\`, for these users.`,
    entries: Object.fromEntries(entries) as unknown as PerClient<E> & Entries,
  } as const;
}

/** The table for one listener: the same keys, as far as they may differ by listener, on top of those for the whole broker. */
export function perListener<const E extends Entries>(whole: Table & { readonly entries: E }, name: string) {
  const entries = Object.entries(whole.entries).flatMap(([key, declared]) => {
    const [scope] = settingTraits[declared.setting as keyof BrokerSettings];
    const { default: _, ...bare } = declared as typeof declared & { readonly default?: unknown };
    return scope === "broker" ? [] : [[key, bare] as const];
  });
  return {
    kind: "table",
    optional: true,
    says: `Instead of those in \`[${name}]\`, for this listener.`,
    entries: Object.fromEntries(entries) as unknown as PerListener<E> & Entries,
  } as const;
}

export const LARGEST = Number.MAX_SAFE_INTEGER;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

export const networkForm: TextForm = {
  test: isAddressRange,
  words: "an address or a range, such as 192.0.2.7 or 10.0.0.0/8, or loopback",
};

/** With user and password in a URL it would be shown where URLs are. */
export const urlForm: TextForm = {
  test(value) {
    const url = URL.parse(value);
    return url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
  },
  words: "a URL that begins with https:// or http://, without a user name and a password in it",
  // Keys to a service stand there.
  shown: (value) => value.replace(/\?.*/s, "?(hidden)"),
};

export const shortNameForm: TextForm = {
  test: (value) => /^[A-Za-z0-9][\w.:-]{0,63}$/.test(value),
  words: "a name of at most 64 letters, digits, and . : - _",
};

export const clientIdPrefixForm: TextForm = {
  test: isClientIdPrefix,
  words: "a text of at most 200 characters that can be shown",
};

export const mountPointForm: TextForm = {
  test: isMountPoint,
  words: "the beginning of a topic name such as site-a/, without + and #, and not with a $ first",
};

export const patternForm: TextForm = {
  test(value) {
    try {
      return new RegExp(value, "u") instanceof RegExp;
    } catch {
      return false;
    }
  },
  words: "a regular expression",
};
