/**
 * The bridges of a broker that runs by its configuration: started and stopped with it, and changed when the configuration is. Only
 * those that are different are touched; the others go on.
 */

import { type Clock, ConfigError, describeError, type Log, type Random } from "#base";
import { Bridge, type BridgeOptions, type BridgePorts } from "#bridge";
import type { ListenerSettings } from "#broker";
import type { BridgeConfiguration } from "#config";
import type { MartletBroker } from "#server";
import { bridgeListener } from "./bridge-gate.ts";
import { bridgeDialOf, bridgeOptionsOf } from "./bridge-options.ts";

export interface BridgeTools {
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
}

/** One that can be started. */
interface Prepared {
  readonly configuration: BridgeConfiguration;
  readonly options: BridgeOptions;
  readonly dial: BridgePorts["dial"];
}

interface Running {
  /** What it was made of, as a text that can be compared. */
  readonly made: string;
  readonly bridge: Bridge;
}

/** All that `configurations` name. @throws ConfigError for what is not possible, by its path */
export function prepareBridges(configurations: readonly BridgeConfiguration[]): readonly Prepared[] {
  const names = new Set<string>();
  const clientIds = new Set<string>();
  return configurations.map((configuration, index) => {
    const path = `bridges[${index}]`;
    const { name } = configuration;
    if (names.has(name))
      throw new ConfigError(`${path}.name`, `another bridge has the name ${name} as well.`);
    names.add(name);
    const options = bridgeOptionsOf(configuration, path);
    if (clientIds.has(options.localClientId)) {
      throw new ConfigError(
        `${path}.local_client_id`,
        `another bridge is ${options.localClientId} at this broker as well.`,
      );
    }
    clientIds.add(options.localClientId);
    return { configuration, options, dial: bridgeDialOf(configuration, path) };
  });
}

export class Bridges {
  readonly #broker: MartletBroker;
  readonly #tools: BridgeTools;
  readonly #running = new Map<string, Running>();
  /** The last change that is under way. */
  #work: Promise<void> = Promise.resolve();

  constructor(broker: MartletBroker, tools: BridgeTools) {
    this.#broker = broker;
    this.#tools = tools;
  }

  /** The bridge of that name, for whoever wants to know how it does. */
  get(name: string): Bridge | undefined {
    return this.#running.get(name)?.bridge;
  }

  /** From now on there are these, and no others. Resolves when that is so; what fails is in the log. */
  change(prepared: readonly Prepared[]): Promise<void> {
    this.#work = this.#work
      .then(() => this.#change(prepared))
      .catch((error: unknown) => this.#tools.log.write("error", `Bridges: ${describeError(error)}`));
    return this.#work;
  }

  /** Resolves when all have said goodbye. */
  async stop(): Promise<void> {
    await this.#work;
    await Promise.all([...this.#running.values()].map(({ bridge }) => bridge.stop()));
    this.#running.clear();
  }

  async #change(prepared: readonly Prepared[]): Promise<void> {
    const names = new Set(prepared.map(({ options }) => options.name));
    for (const [name, { bridge }] of this.#running) {
      if (names.has(name)) continue;
      this.#running.delete(name);
      await bridge.stop({ isForGood: true });
      this.#broker.setListener(bridgeListener(name), {});
      this.#tools.log.write("info", `Bridge ${name} is gone.`);
    }
    for (const each of prepared) await this.#run(each);
  }

  async #run({ configuration, options, dial }: Prepared): Promise<void> {
    const { name } = options;
    const made = JSON.stringify([configuration, options]);
    const before = this.#running.get(name);
    if (before?.made === made) return;
    await before?.bridge.stop();
    const broker = this.#broker;
    const listener = bridgeListener(name);
    broker.setListener(listener, localSettings(configuration));
    const { log, clock, random } = this.#tools;
    const bridge = new Bridge(options, {
      log,
      clock,
      random,
      dial,
      connectLocally: () => broker.connectPipe(listener),
      tellLocally: async (topicName, payload) => {
        if (broker.isOpen) await broker.publish({ topicName, payload, qos: 1, retain: true });
      },
      localSubscriptions: (clientId) => subscriptionsOf(broker, clientId),
    });
    this.#running.set(name, { made, bridge });
    bridge.start();
  }
}

/** What holds for the bridge at this broker, whatever other clients may do. */
function localSettings(configuration: BridgeConfiguration): Partial<ListenerSettings> {
  const { maximum_queued_messages: maximumQueuedMessages } = configuration;
  return {
    versions: [5],
    maximumQos: 2,
    retainAvailable: true,
    wildcardSubscriptionAvailable: true,
    clientIdMustEqualUserName: false,
    clientIdFromUserName: false,
    clientIdPattern: "[^]*",
    clientIdPrefix: "",
    upgradeQos: false,
    maximumSessionExpiryInterval: 4_294_967_295,
    maximumMessageRate: 0,
    maximumByteRate: 0,
    ...(maximumQueuedMessages === undefined ? {} : { maximumQueuedMessages }),
  };
}

function subscriptionsOf(broker: MartletBroker, clientId: string): readonly string[] {
  for (const client of broker.clients()) if (client.clientId === clientId) return client.subscriptions;
  return [];
}
