/** Where an option has its effect: the draft, the listener or bridge that it stands below, and what is to be said of it. */

import { type KeyPath, keyPathOf } from "#config";
import { MosquittoConfError } from "./conf-error.ts";
import type { BridgeDraft, ConfDraft, ListenerDraft, PluginDraft, Said, SecurityDraft } from "./draft.ts";
import type { OptionScope, Verdict } from "./option.ts";
import type { ConfLine } from "./syntax.ts";

/** The option as it stands in the file. */
export interface Context {
  readonly line: ConfLine;
  readonly scope: OptionScope;
  readonly draft: ConfDraft;
  /** The one that options for listeners are for here. */
  readonly listener: ListenerDraft;
  readonly bridge: BridgeDraft | undefined;
  readonly plugin: PluginDraft | undefined;
}

export class Target {
  readonly draft: ConfDraft;
  readonly line: ConfLine;
  readonly listener: ListenerDraft;
  readonly plugin: PluginDraft | undefined;
  /** Of this one use of the option; undefined for what the declaration says. */
  verdict: Verdict | undefined;
  says: string | undefined;
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
    this.draft = context.draft;
    this.line = context.line;
    this.listener = context.listener;
    this.plugin = context.plugin;
  }

  /** The bridge that is being described. @throws MosquittoConfError when there is none */
  get bridge(): BridgeDraft {
    const { bridge } = this.#context;
    if (bridge === undefined) throw this.mistake("Invalid bridge configuration.");
    return bridge;
  }

  /** Where `password_file` and the like belong. */
  get security(): SecurityDraft {
    return this.draft.isPerListener ? this.listener.security : this.draft.security;
  }

  said<T>(value: T): Said<T> {
    return { value, line: this.line };
  }

  /** Sets a key of ours, in the table that the option is for. */
  set(key: string, value: unknown): void {
    const { scope } = this.#context;
    if (scope === "listener") this.setListener(key, value);
    else if (scope === "bridge") this.setRoot(["bridges", this.bridge.index, ...keyPathOf(key)], value);
    else this.setRoot(keyPathOf(key), value);
  }

  /** Sets a key of the listener. */
  setListener(key: string, value: unknown): void {
    this.listener.settings.set(key, this.said(value));
  }

  setRoot(path: KeyPath, value: unknown): void {
    this.draft.tree.set(path, value, this.line);
  }

  /** It has another effect than in mosquitto. */
  differs(says: string): void {
    this.verdict = "different";
    this.says = says;
  }

  /** It means the same, other than the declaration says. */
  fits(says: string): void {
    this.verdict = "same";
    this.says = says;
  }

  ignored(says: string): void {
    this.verdict = "unsupported";
    this.says = says;
  }

  refuse(says: string): void {
    this.verdict = "refused";
    this.says = says;
  }

  mistake(sentence: string): MosquittoConfError {
    return new MosquittoConfError(sentence, this.line);
  }
}
