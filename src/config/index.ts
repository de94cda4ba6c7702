/**
 * @module config: one schema of every setting, the sources it is read from, and everything that is made from it.
 */

export type { Assignment } from "./assignment.ts";
export type { Change } from "./changes.ts";
export { defaultConfiguration } from "./completed.ts";
export {
  type ConfigurationChange,
  ConfigurationFiles,
  type ConfigurationFilesOptions,
  type ReloadOutcome,
} from "./configuration-files.ts";
export { type Document, isMosquittoConf, whyUnreadable } from "./document.ts";
export { type KeyPath, keyPathOf, keyText } from "./key-path.ts";
export { ConfigurationError, type Place, type Problem, problemHead } from "./place.ts";
export { printConfiguration } from "./print.ts";
export { type ConfigurationSources, type Reading, readConfiguration } from "./read-configuration.ts";
export { hasLogins, missingFiles, namedFiles } from "./rules.ts";
export type {
  BridgeConfiguration,
  Configuration,
  ListenerConfiguration,
  UsersConfiguration,
} from "./schema/schema.ts";
export { brokerSettingsOf, clientLimitsOf, journalSettingsOf, listenerSettingsOf } from "./settings-of.ts";
