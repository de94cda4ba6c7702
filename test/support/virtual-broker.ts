/** A broker in memory and in virtual time, and raw clients of it: a whole scenario runs within one turn. */

import { seededRandom } from "#base";
import { type ConnectPacket, ProtocolVersion } from "#protocol";
import { type BrokerOptions, createBroker, type MartletBroker } from "#server";
import { VirtualClock } from "#testing";
import { nextTurn } from "./next-turn.ts";
import { RawClient, type RawClientOptions } from "./raw-client.ts";

export interface VirtualBroker {
  readonly clock: VirtualClock;
  readonly broker: MartletBroker;
  /** What the broker logged, `level sentence`. */
  readonly log: string[];
  /** A connection that has sent nothing. */
  readonly open: (options?: RawClientOptions) => RawClient;
  /** A client that is connected. */
  readonly client: (
    clientId: string,
    options?: RawClientOptions & { readonly connect?: Partial<ConnectPacket> },
  ) => RawClient;
  /** Runs turns and promises until nothing is left to do. Time does not move. */
  readonly settle: () => Promise<void>;
}

export async function startVirtualBroker(options: BrokerOptions = {}): Promise<VirtualBroker> {
  const clock = new VirtualClock();
  const log: string[] = [];
  const broker = createBroker({
    clock,
    random: seededRandom(7),
    log: { write: (level, sentence) => void log.push(`${level} ${sentence}`) },
    ...options,
    settings: { sysIntervalSeconds: 0, ...options.settings },
  });
  await broker.start();
  const open = (clientOptions?: RawClientOptions): RawClient =>
    new RawClient(broker.connectPipe(), clientOptions);
  return {
    clock,
    broker,
    log,
    open,
    client(clientId, { connect = {}, ...clientOptions } = {}) {
      const client = open(clientOptions);
      client.connect({ clientId, ...connect });
      clock.runTurns();
      return client;
    },
    async settle() {
      for (let i = 0; i < 4; i++) {
        clock.runTurns();
        await nextTurn();
      }
      clock.runTurns();
    },
  };
}

export const ALL_VERSIONS = [
  ProtocolVersion.MQTT_3_1,
  ProtocolVersion.MQTT_3_1_1,
  ProtocolVersion.MQTT_5_0,
] as const;
