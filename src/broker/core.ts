/**
 * What the parts of the broker know of the whole: its settings, its collections, its ports. The façade in `broker.ts`
 * makes one and hands it around, so that no part reaches for another through a global.
 */

import type { Gate, Identity } from "#auth";
import type { Clock, Events, Log, Random, Timers } from "#base";
import type { Hooks } from "#hooks";
import type { BrokerEvents } from "./broker-events.ts";
import type { Connection } from "./connection.ts";
import type { Message } from "./message.ts";
import type { Metrics } from "./metrics.ts";
import type { Outcomes } from "./outcome.ts";
import type { OutputPool } from "./output.ts";
import type { RetainedMessages } from "./retained.ts";
import type { Router } from "./router.ts";
import type { Sessions } from "./sessions.ts";
import type { BrokerSettings } from "./settings.ts";
import type { SubscriptionTree } from "./subscription-tree.ts";
import type { TopicTable } from "./topic.ts";
import type { PacketTrace } from "./trace.ts";

export interface BrokerCore {
  readonly settings: BrokerSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly timers: Timers;
  readonly gate: Gate;
  readonly hooks: Hooks;
  readonly events: Events<BrokerEvents>;
  readonly metrics: Metrics;
  readonly outcomes: Outcomes;
  readonly topics: TopicTable;
  readonly tree: SubscriptionTree;
  readonly retained: RetainedMessages;
  readonly router: Router;
  readonly sessions: Sessions;
  readonly outputPool: OutputPool;
  readonly trace: PacketTrace | undefined;
  /** No gate, hook, trace or listener wants to see each message: QoS 0 may go through in runs. HOT. */
  readonly passesPlainly: boolean;

  /** Milliseconds on the broker's clock. */
  now(): number;
  /** Tells listeners of a message that has been taken over. */
  announce(message: Message): void;
  /** `connection` is closed. */
  forget(connection: Connection): void;
  /** Publishes on behalf of a client that is gone, as its rights allow: its will. */
  publishWill(identity: Identity, message: Message): void;
}
