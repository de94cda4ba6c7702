/**
 * Reads a mosquitto.conf as a configuration of Martlet's. Options are read in their order: those below `listener` are for that
 * listener, those below `connection` for that bridge, `plugin_opt_…` for the plugin before them; each file begins with neither.
 * What the configuration then holds is judged by `#config`, as that of any other file.
 */

import type { Document } from "#config";
import { MosquittoConfError } from "./conf-error.ts";
import {
  type BridgeDraft,
  type ConfDraft,
  type ListenerDraft,
  newListener,
  type PluginDraft,
} from "./draft.ts";
import type { ReadableOption, Verdict } from "./option.ts";
import { readListener } from "./options/listeners.ts";
import { isDynamicSecurity } from "./options/plugins.ts";
import { optionNamed } from "./options.ts";
import { databaseOf, settle } from "./settle.ts";
import { type ConfLine, readLines } from "./syntax.ts";
import { Target } from "./target.ts";
import { TreeDraft } from "./tree-draft.ts";

/** What became of one line. */
export interface OptionReport {
  readonly file: string;
  /** From 1; 0 for what no line says. */
  readonly line: number;
  /** As it was written; empty for what is said of several options. */
  readonly name: string;
  /** `(hidden)` for a secret. */
  readonly value: string;
  /** `general`, `listener 8883`, `bridge name` or `plugin`. */
  readonly scope: string;
  readonly verdict: Verdict;
  /** A sentence. */
  readonly says: string;
  /** Ours. */
  readonly keys: readonly string[];
}

export interface MosquittoReading {
  readonly document: Document;
  /** In the order of the lines. */
  readonly options: readonly OptionReport[];
  /** The file of mosquitto's own that the configuration names, there or not; undefined where nothing is kept. */
  readonly database: string | undefined;
}

export interface MosquittoConfOptions {
  /** `-p` of the command line: for a file without listeners. */
  readonly ports?: readonly number[];
}

/**
 * Reads `file` and what it includes. Options that are `refused` are reported like the others; `conf-document.ts` refuses them.
 *
 * @example
 * ```text
 * const { document, options } = readMosquittoConf("/etc/mosquitto/mosquitto.conf");
 * const { configuration } = await readConfiguration({ document: () => document });
 * ```
 *
 * @throws MosquittoConfError for what mosquitto would not take either, in its words
 */
export function readMosquittoConf(file: string, { ports = [] }: MosquittoConfOptions = {}): MosquittoReading {
  const reader = new ConfReader(file);
  for (const line of readLines(file)) reader.take(line);
  const { draft, reports } = reader;
  settle(draft, ports, (says, line) => {
    const { file: at, line: number } = line ?? { file, line: 0 };
    const verdict = "different";
    reports.push({
      file: at,
      line: number,
      name: line?.name ?? "",
      value: "",
      scope: "general",
      verdict,
      says,
      keys: [],
    });
  });
  if (!reports.some(({ name }) => name === "user")) reports.push(impliedUser(file));
  for (const { line } of reader.plugins.filter((each) => each.isDynamicSecurity && !each.hasFile)) {
    const says = "Add plugin_opt_config_file with the file of dynamic security.";
    const { file: at, line: number, name, value } = line;
    reports.push({
      file: at,
      line: number,
      name,
      value,
      scope: "plugin",
      verdict: "refused",
      says,
      keys: [],
    });
  }
  return { document: draft.tree.document(), options: reports, database: databaseOf(draft) };
}

/** What mosquitto does without being told, and whoever starts it as root might not expect. */
function impliedUser(file: string): OptionReport {
  return {
    file,
    line: 0,
    name: "",
    value: "",
    scope: "general",
    verdict: "same",
    says: "No user is named: started as root, the broker goes on as mosquitto, or as nobody on a machine without that user.",
    keys: ["process.user"],
  };
}

/** What the next line belongs to; each file has its own. */
interface Section {
  listener: ListenerDraft;
  bridge: BridgeDraft | undefined;
  plugin: PluginDraft | undefined;
}

class ConfReader {
  readonly draft: ConfDraft;
  readonly reports: OptionReport[] = [];
  readonly plugins: PluginDraft[] = [];
  readonly #sections = new Map<string, Section>();
  /** Options that may be there once, by what they are for. */
  readonly #seen = new Map<object, Set<string>>();

  constructor(file: string) {
    this.draft = {
      file,
      tree: new TreeDraft(file),
      security: {},
      defaultListener: newListener(undefined),
      listeners: [],
      bridges: [],
      logTypes: new Set(),
      logDestinations: new Set(),
      isPerListener: false,
    };
  }

  take(line: ConfLine): void {
    const option = optionNamed(line.name);
    if (option === undefined) {
      throw new MosquittoConfError(`Unknown configuration variable "${line.name}".`, line);
    }
    const section = this.#sectionOf(line);
    this.#begin(option, line, section);
    const target = new Target({ ...section, line, scope: option.scope, draft: this.draft });
    if (option.scope === "listener" && option.name !== "listener") section.listener.isUsed = true;
    if (option.scope === "bridge" && option.name !== "connection") void target.bridge;
    this.#checkOnce(option, line, section);
    option.apply(line.value, target);
    this.reports.push(reportOf(option, line, section, target));
  }

  #sectionOf({ file }: ConfLine): Section {
    const known = this.#sections.get(file);
    if (known !== undefined) return known;
    const section = { listener: this.draft.defaultListener, bridge: undefined, plugin: undefined };
    this.#sections.set(file, section);
    return section;
  }

  /** Begins what `line` begins. */
  #begin({ name }: ReadableOption, line: ConfLine, section: Section): void {
    const { draft } = this;
    const target = (listener: ListenerDraft): Target =>
      new Target({ ...section, listener, line, scope: "listener", draft });
    if (name === "listener") {
      const listener = newListener(line);
      readListener(line.value, target(listener));
      draft.listeners.push(listener);
      section.listener = listener;
    } else if (name === "connection") {
      if (line.value === "") throw new MosquittoConfError("Empty connection value in configuration.", line);
      if (draft.bridges.some((each) => each.name === line.value)) {
        throw new MosquittoConfError(`Duplicate bridge name "${line.value}".`, line);
      }
      const index = draft.bridges.length;
      section.bridge = { line, name: line.value, index, addresses: [], topics: 0 };
      draft.bridges.push(section.bridge);
      draft.tree.set(["bridges", index, "name"], line.value, line);
    } else if (name === "plugin" || name === "plugin_load") {
      section.plugin = { line, isDynamicSecurity: isDynamicSecurity(line.value), hasFile: false };
      this.plugins.push(section.plugin);
    } else if (name.startsWith("plugin_opt_") && section.plugin === undefined) {
      throw new MosquittoConfError(
        "An auth_opt_ option exists in the config file without an auth_plugin.",
        line,
      );
    }
  }

  #checkOnce({ name, label, scope, isOnce }: ReadableOption, line: ConfLine, section: Section): void {
    if (!isOnce) return;
    const isOfListener = scope === "listener" || (scope === "general" && this.draft.isPerListener);
    const owner =
      (scope === "bridge" ? section.bridge : undefined) ?? (isOfListener ? section.listener : this.draft);
    const seen = this.#seen.get(owner) ?? new Set();
    this.#seen.set(owner, seen);
    if (seen.has(name)) throw new MosquittoConfError(`Duplicate ${label} value in configuration.`, line);
    seen.add(name);
  }
}

function reportOf(option: ReadableOption, line: ConfLine, section: Section, target: Target): OptionReport {
  const { file, line: number, name, value } = line;
  const isSecret =
    option.isSecret === true && !(option.name.endsWith("*") && section.plugin?.isDynamicSecurity === true);
  return {
    file,
    line: number,
    name,
    value: isSecret ? "(hidden)" : value,
    scope: scopeText(option, section),
    verdict: target.verdict ?? option.verdict,
    says: target.says ?? option.says,
    keys: option.keys,
  };
}

function scopeText({ scope }: ReadableOption, { listener, bridge }: Section): string {
  if (scope === "listener") return `listener ${listener.path ?? listener.port}`;
  return scope === "bridge" ? `bridge ${bridge?.name}` : scope;
}
