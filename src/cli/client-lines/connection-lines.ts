/** What clients do, by the broker's events: connections, their ends and those of sessions nobody came back to as `notice`, subscriptions as types of their own. */

import type { Broker } from "#broker";
import type { LogLines } from "../output.ts";
import type { Wording } from "./wording.ts";

/** Tells of connections and their ends, where that is wished. */
export function logConnections(
  broker: Pick<Broker, "on">,
  lines: Pick<LogLines, "hasConnections" | "tell">,
  wording: Wording,
): void {
  const tell = (text: () => string): void => {
    if (lines.hasConnections) lines.tell("notice", text());
  };
  broker.on("connectionAccepted", (accepted) => {
    // The broker's own ends of its bridges come from nowhere, and on no port.
    if (accepted.address.transport !== "memory") tell(() => wording.accepted(accepted));
  });
  broker.on("clientConnected", (client) => tell(() => wording.connected(client)));
  broker.on("sessionEnded", ({ clientId, hasExpired }) => {
    if (hasExpired) tell(() => wording.expired(clientId));
  });
  broker.on("clientDisconnected", (ended) => tell(() => wording.ended(ended)));
  broker.on("connectionRefused", (ended) => tell(() => wording.ended(ended)));
}

/** Tells of subscriptions, once they count. */
export function logSubscriptions(broker: Pick<Broker, "on">, lines: LogLines): void {
  broker.on("subscribed", ({ clientId, topicFilter, qos }) =>
    lines.tell("subscribe", `${clientId} ${qos} ${topicFilter}`),
  );
  broker.on("unsubscribed", ({ clientId, topicFilter }) =>
    lines.tell("unsubscribe", `${clientId} ${topicFilter}`),
  );
}
