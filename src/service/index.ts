/**
 * @module service: a broker that runs by its configuration: the providers, rules and files that the configuration names, and what
 * becomes of it when they change. `createBroker` needs nothing of this.
 */

export {
  ConfiguredBroker,
  type ConfiguredBrokerOptions,
  checkConfiguration,
} from "./configured-broker.ts";
