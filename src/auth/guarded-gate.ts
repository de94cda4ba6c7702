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
  const { beginExchange, mayPublish, maySubscribe } = gate;
  return {
    authenticate: (login) => guard(() => gate.authenticate(login), UNAVAILABLE),
    ...(beginExchange === undefined
      ? {}
      : {
          beginExchange: (method, login) => {
            try {
              const exchange = beginExchange.call(gate, method, login);
              return exchange === undefined ? undefined : guardExchange(exchange);
            } catch (error) {
              onFailure(error);
              return undefined;
            }
          },
        }),
    ...(mayPublish === undefined
      ? {}
      : {
          mayPublish: (client, topicName, qos, retain) =>
            guard(() => mayPublish.call(gate, client, topicName, qos, retain), false),
        }),
    ...(maySubscribe === undefined
      ? {}
      : { maySubscribe: (client, filter, qos) => guard(() => maySubscribe.call(gate, client, filter, qos), false) }),
  };
}
