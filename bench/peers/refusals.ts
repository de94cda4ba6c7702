/** What several peers cannot be put through. */

import type { Scenario } from "../../src/bench/index.ts";

/** A broker that has no MQTT 5.0, and no shared subscriptions with it. */
export function speaksOnlyMqtt3({ load }: Scenario, name: string): string | undefined {
  if (load.protocolVersion === 5) return `${name} does not speak MQTT 5.0`;
  if (load.kind === "flow" && load.shared === true) return `${name} has no shared subscriptions`;
  return undefined;
}
