/**
 * Bridges of this broker come in without a login, as they are part of it: what they may do was decided by whoever configured them.
 *
 * They come in over memory pipes, on listeners whose names no configuration can give to a port, so nobody else passes for one. Nobody
 * else gets their client ids either: with them would go their sessions, and what those are subscribed to and have waiting.
 */

import type { Accepted, ClientAddress, Continued, Gate, Login, Refused } from "#auth";
import { isPromise, type MaybePromise } from "#base";
import { ReasonCode } from "#protocol";

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

const NOT_YOURS: Refused = {
  outcome: "refused",
  reasonCode: ReasonCode.CLIENT_IDENTIFIER_NOT_VALID,
  reasonString: "A bridge of this broker has this client id.",
};

/** `gate`, which is not asked about bridges; `isOfBridge` says which client ids are theirs. */
export function gateWithBridges(gate: Gate, isOfBridge: (clientId: string) => boolean): Gate {
  const judged = <Step extends Accepted | Continued | Refused>(step: Step, login: Login): Step | Refused => {
    const clientId = step.outcome === "accepted" ? (step.clientId ?? login.clientId) : undefined;
    return clientId !== undefined && isOfBridge(clientId) ? NOT_YOURS : step;
  };
  const open: Gate = {
    authenticate: (login) =>
      isBridge(login)
        ? { outcome: "accepted" }
        : after(gate.authenticate(login), (answer) => judged(answer, login)),
  };
  if (gate.beginExchange !== undefined) {
    open.beginExchange = (method, login) => {
      const exchange = gate.beginExchange?.(method, login);
      return exchange && { step: (data) => after(exchange.step(data), (step) => judged(step, login)) };
    };
  }
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

function after<T, R>(value: MaybePromise<T>, change: (value: T) => R): MaybePromise<R> {
  return isPromise(value) ? value.then(change) : change(value);
}
