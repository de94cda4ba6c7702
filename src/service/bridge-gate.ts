/**
 * Bridges of this broker come in without a login, as they are part of it: what they may do was decided by whoever configured them.
 *
 * They come in over memory pipes, on listeners whose names no configuration can give to a port, so nobody else passes for one.
 */

import type { ClientAddress, Gate } from "#auth";

/** Where the local client of the bridge of that name comes in. */
export function bridgeListener(name: string): string {
  return `(bridge ${name})`;
}

interface Origin {
  readonly listener: string;
  readonly address: ClientAddress;
}

function isBridge({ listener, address }: Origin): boolean {
  return listener.startsWith("(bridge ") && address.transport === "memory";
}

/** Commands are for people: what comes from another broker is never one. */
function isCommand(topic: string): boolean {
  return topic === "$CONTROL" || topic.startsWith("$CONTROL/");
}

/** `gate`, which is not asked about bridges. */
export function gateWithBridges(gate: Gate): Gate {
  const open: Gate = {
    authenticate: (login) => (isBridge(login) ? { outcome: "accepted" } : gate.authenticate(login)),
  };
  if (gate.beginExchange !== undefined)
    open.beginExchange = (method, login) => gate.beginExchange?.(method, login);
  // What the gate leaves out stays out: the broker then does not ask at all.
  if (gate.mayPublish !== undefined) {
    open.mayPublish = (client, topicName, qos, retain) =>
      isBridge(client) ? !isCommand(topicName) : (gate.mayPublish?.(client, topicName, qos, retain) ?? false);
  }
  if (gate.maySubscribe !== undefined) {
    open.maySubscribe = (client, topicFilter, qos) =>
      isBridge(client) ? true : (gate.maySubscribe?.(client, topicFilter, qos) ?? false);
  }
  if (gate.mayUnsubscribe !== undefined) {
    open.mayUnsubscribe = (client, topicFilter) =>
      isBridge(client) ? true : (gate.mayUnsubscribe?.(client, topicFilter) ?? false);
  }
  if (gate.mayReceive !== undefined) {
    open.mayReceive = (client, topicName) =>
      isBridge(client) ? true : (gate.mayReceive?.(client, topicName) ?? false);
  }
  if (gate.watch !== undefined) open.watch = (changed) => gate.watch?.(changed);
  return open;
}
