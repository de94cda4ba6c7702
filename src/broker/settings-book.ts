/**
 * Which settings hold for whom: the broker's, a listener's, a client's, and all of them again after a change.
 *
 * Whoever is let in is handed one object with every setting in it, once; nothing is looked up later. Clients with the same listener
 * and the same limits share it.
 */

import type { ClientLimits } from "#auth";
import { checkChange, type ListenerSettings, overrideSettings, settingsFromNowOn } from "./setting-traits.ts";
import { type BrokerSettings, completeSettings, type SettingChanges } from "./settings.ts";

/** How an object of settings came about. */
interface Recipe {
  readonly listener: string;
  readonly limits: ClientLimits | undefined;
}

export class SettingsBook {
  #changes: SettingChanges;
  #settings: BrokerSettings;
  readonly #overrides = new Map<string, Partial<ListenerSettings>>();
  #ofListeners = new Map<string, BrokerSettings>();
  #ofClients = new WeakMap<ClientLimits, Map<string, BrokerSettings>>();
  readonly #recipes = new WeakMap<BrokerSettings, Recipe>();

  /** @throws ConfigError for a setting that is not allowed */
  constructor(changes: SettingChanges = {}) {
    this.#changes = changes;
    this.#settings = completeSettings(changes);
  }

  /** The broker's own. */
  get settings(): BrokerSettings {
    return this.#settings;
  }

  ofListener(name: string): BrokerSettings {
    let settings = this.#ofListeners.get(name);
    if (settings === undefined) {
      const overrides = this.#overrides.get(name);
      settings = overrideSettings(this.#settings, overrides ?? {}, ["listener", "client"]);
      this.#ofListeners.set(name, settings);
      this.#recipes.set(settings, { listener: name, limits: undefined });
    }
    return settings;
  }

  /** @throws ConfigError for limits that are not allowed */
  ofClient(listener: string, limits: ClientLimits): BrokerSettings {
    let shared = this.#ofClients.get(limits);
    if (shared === undefined) {
      shared = new Map();
      this.#ofClients.set(limits, shared);
    }
    let settings = shared.get(listener);
    if (settings === undefined) {
      settings = overrideSettings(this.ofListener(listener), limits, ["client"]);
      shared.set(listener, settings);
      this.#recipes.set(settings, { listener, limits });
    }
    return settings;
  }

  /**
   * Other settings of the broker; what is undefined goes back to its default, what is left out stays.
   *
   * @throws ConfigError for what is not allowed, or cannot change now; then nothing has changed
   */
  change(changes: SettingChanges): void {
    const wanted = { ...this.#changes, ...changes };
    const settings = completeSettings(wanted);
    checkChange(this.#settings, settings);
    this.#changes = wanted;
    this.#settings = settings;
    this.#forget();
  }

  /**
   * What is different on the listener of that name, in place of what was said of it before.
   *
   * @throws ConfigError for what is not allowed, or cannot be set for a listener; then nothing has changed
   */
  setListener(name: string, overrides: Partial<ListenerSettings>): void {
    overrideSettings(this.#settings, overrides, ["listener", "client"]);
    this.#overrides.set(name, overrides);
    this.#forget();
  }

  /** For those who were here before a change: turns what they had into what they have now. Shared objects stay shared. */
  renewal(): (before: BrokerSettings) => BrokerSettings {
    const renewed = new Map<BrokerSettings, BrokerSettings>();
    return (before) => {
      let after = renewed.get(before);
      if (after === undefined) {
        const recipe = this.#recipes.get(before);
        after = this.#settings;
        if (recipe !== undefined) {
          const { listener, limits } = recipe;
          const now = limits === undefined ? this.ofListener(listener) : this.ofClient(listener, limits);
          after = settingsFromNowOn(before, now);
          this.#recipes.set(after, recipe);
        }
        renewed.set(before, after);
      }
      return after;
    };
  }

  #forget(): void {
    this.#ofListeners = new Map();
    this.#ofClients = new WeakMap();
  }
}
