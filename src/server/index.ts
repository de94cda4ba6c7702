/** @module server: the composition root. The one place that names concrete transports, clocks and gates. */

export { isExposed, isLoopback, type ListenerOptions, listenerName } from "./listen.ts";
export { type BrokerOptions, createBroker, MartletBroker } from "./martlet-broker.ts";
export type { PersistenceOptions } from "./persistence.ts";
export { version } from "./version.ts";
