/**
 * A gate whose failures let nobody in: whatever the inner gate throws or rejects with is reported and becomes a refusal of
 * that one question.
 */

import { isPromise, type MaybePromise } from "#base";
import { ReasonCode } from "#protocol";
import type { Exchange, Gate, Refused } from "./gate.ts";

const UNAVAILABLE: Refused = { outcome: "refused", reasonCode: ReasonCode.SERVER_UNAVAILABLE };

export function guardedGate(gate: Gate, onFailure: (error: unknown) => void): Gate {
  const guard = <T>(ask: () => MaybePromise<T>, refusal: T): MaybePromise<T> => {
    const failed = (error: unknown): T => {
      onFailure(error);
      return refusal;
    };
    try {
      const answer = ask();
      return isPromise(answer) ? answer.catch(failed) : answer;
    } catch (error) {
      return failed(error);
    }
  };
  const guardExchange = (exchange: Exchange): Exchange => ({
    step: (data) => guard(() => exchange.step(data), UNAVAILABLE),
  });
  const guarded: Gate = {
    authenticate: (login) => guard(() => gate.authenticate(login), UNAVAILABLE),
  };
  // What the inner gate leaves out stays out: the broker then does not ask at all.
  if (gate.beginExchange !== undefined) {
    guarded.beginExchange = (method, login) => {
      try {
        const exchange = gate.beginExchange?.(method, login);
        return exchange === undefined ? undefined : guardExchange(exchange);
      } catch (error) {
        onFailure(error);
        return undefined;
      }
    };
  }
  if (gate.mayPublish !== undefined) {
    guarded.mayPublish = (client, topicName, qos, retain) =>
      guard(() => gate.mayPublish?.(client, topicName, qos, retain) ?? false, false);
  }
  if (gate.maySubscribe !== undefined) {
    guarded.maySubscribe = (client, topicFilter, qos) =>
      guard(() => gate.maySubscribe?.(client, topicFilter, qos) ?? false, false);
  }
  return guarded;
}
