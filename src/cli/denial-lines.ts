/**
 * What clients may not do, as warnings: who, what and by which rule. One line a client and kind of request in ten seconds; the
 * next one says how many there were meanwhile.
 */

import { systemClock } from "#base";
import type { Broker, BrokerEvents, DeniedAction } from "#broker";
import { Repetition } from "#limits";
import type { LogLines } from "./output.ts";

const INTERVAL_MS = 10_000;
/** Clients that are told apart. */
const MOST_CLIENTS = 10_000;

const verbs: Readonly<Record<DeniedAction, string>> = {
  publish: "publish to",
  subscribe: "subscribe to",
  unsubscribe: "unsubscribe from",
};

/** Tells of denied requests. */
export function logDenials(
  broker: Pick<Broker, "on">,
  lines: Pick<LogLines, "write">,
  clock = systemClock(),
): void {
  const repetition = new Repetition(INTERVAL_MS, MOST_CLIENTS);
  broker.on("requestDenied", (denied) => {
    const unsaid = repetition.tell(`${denied.action} ${denied.clientId}`, clock.now());
    if (unsaid !== undefined) lines.write("warn", denialLine(denied, unsaid));
  });
}

function denialLine(
  { clientId, userName, action, topic, rule }: BrokerEvents["requestDenied"],
  unsaid: number,
): string {
  const user = userName === undefined ? "" : ` (u'${userName}')`;
  const why = rule === undefined ? "" : `: ${rule}`;
  const others = unsaid === 0 ? "" : ` (${unsaid} more like it since the last line)`;
  return `Denied: client ${clientId}${user} may not ${verbs[action]} '${topic}'${why}.${others}`;
}
