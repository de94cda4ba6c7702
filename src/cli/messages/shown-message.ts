/** A message as it is shown, whatever it came by. */

import type { PublishProperties } from "#protocol";

export interface ShownMessage {
  readonly topicName: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  /** 0 at QoS 0. */
  readonly packetId: number;
  /** Those that the broker sent; empty before 5.0. */
  readonly properties: PublishProperties;
  readonly topicAlias: number | undefined;
  /** When it came. Unix time in milliseconds, with fractions. */
  readonly atMs: number;
}
