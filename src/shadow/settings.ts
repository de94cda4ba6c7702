/** What a shadow is told: how long the two brokers may be apart, and how much of what waits is kept. */

import { ConfigError } from "#base";

export interface ShadowSettings {
  /** Milliseconds in which the other broker has to do the same. Default 2,000. */
  readonly windowMs: number;
  /** Deliveries and answers of one client that wait for their like. Default 10,000. */
  readonly maximumPending: number;
  /** Bytes of topics and properties among them. Default 16 MiB. */
  readonly maximumPendingBytes: number;
  /** Bytes of the largest packet that is looked into. Default 16 MiB. */
  readonly maximumPacketBytes: number;
  /** Bytes of one client's packets that Martlet has not read, and of all that wait for their turn. Default 64 MiB. */
  readonly maximumFeedBytes: number;
  /** Client ids, topics with a retained message, and groups that are remembered; of each. Default 100,000. */
  readonly maximumRemembered: number;
  /** Milliseconds that a connection to the old broker may take to come about. Default 10,000. */
  readonly dialTimeoutMs: number;
}

export const defaultShadowSettings: ShadowSettings = {
  windowMs: 2_000,
  maximumPending: 10_000,
  maximumPendingBytes: 16 * 1024 * 1024,
  maximumPacketBytes: 16 * 1024 * 1024,
  maximumFeedBytes: 64 * 1024 * 1024,
  maximumRemembered: 100_000,
  dialTimeoutMs: 10_000,
};

/** With the defaults for what is left out. @throws ConfigError for a number that is no whole one above 0 */
export function shadowSettings(given: Partial<ShadowSettings> = {}): ShadowSettings {
  const settings = { ...defaultShadowSettings, ...given };
  for (const [name, value] of Object.entries(settings)) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new ConfigError(name, `${value} is not allowed; give a whole number above 0.`);
  }
  return settings;
}
