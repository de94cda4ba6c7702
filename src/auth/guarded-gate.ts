/**
 * A gate whose failures let nobody in: whatever the inner gate throws or rejects with is reported and becomes a refusal of
 * that one question.
 */

import { isPromise, type MaybePromise } from "#base";
import { ReasonCode } from "#protocol";
import type { Exchange, Gate, Permission, Refused } from "./gate.ts";

const UNAVAILABLE: Refused = { outcome: "refused", reasonCode: ReasonCode.SERVER_UNAVAILABLE };

function isDecision(answer: unknown): boolean {
  if (typeof answer !== "object" || answer === null || !("outcome" in answer)) return false;
  return answer.outcome === "accepted" || (answer.outcome === "refused" && "reasonCode" in answer);
}

function isStep(answer: unknown): boolean {
  if (isDecision(answer)) return true;
  const { outcome, authenticationData } = Object(answer) as {
    outcome?: unknown;
    authenticationData?: unknown;
  };
  return outcome === "continued" && authenticationData instanceof Uint8Array;
}

function isPermission(answer: unknown): boolean {
  if (typeof answer === "boolean") return true;
  const { outcome, rule } = Object(answer) as { outcome?: unknown; rule?: unknown };
  return outcome === "denied" && typeof rule === "string";
}

export function guardedGate(gate: Gate, onFailure: (error: unknown) => void): Gate {
  const guard = <T>(
    ask: () => MaybePromise<T>,
    isAnswer: (answer: unknown) => boolean,
    refusal: T,
  ): MaybePromise<T> => {
    const failed = (error: unknown): T => {
      onFailure(error);
      return refusal;
    };
    const checked = (answer: T): T =>
      isAnswer(answer) ? answer : failed(new TypeError("The gate gave no answer."));
    try {
      const answer = ask();
      return isPromise(answer) ? answer.then(checked).catch(failed) : checked(answer);
    } catch (error) {
      return failed(error);
    }
  };
  const guardExchange = (exchange: Exchange): Exchange => ({
    step: (data) => guard(() => exchange.step(data), isStep, UNAVAILABLE),
  });
  const guarded: Gate = {
    authenticate: (login) => guard(() => gate.authenticate(login), isDecision, UNAVAILABLE),
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
      guard<Permission>(
        () => gate.mayPublish?.(client, topicName, qos, retain) ?? false,
        isPermission,
        false,
      );
  }
  if (gate.maySubscribe !== undefined) {
    guarded.maySubscribe = (client, topicFilter, qos) =>
      guard<Permission>(() => gate.maySubscribe?.(client, topicFilter, qos) ?? false, isPermission, false);
  }
  if (gate.mayUnsubscribe !== undefined) {
    guarded.mayUnsubscribe = (client, topicFilter) =>
      guard<Permission>(() => gate.mayUnsubscribe?.(client, topicFilter) ?? false, isPermission, false);
  }
  if (gate.mayReceive !== undefined) {
    guarded.mayReceive = (client, topicName) => {
      try {
        const answer = gate.mayReceive?.(client, topicName) ?? false;
        if (isPermission(answer)) return answer;
        onFailure(new TypeError("The gate gave no answer."));
      } catch (error) {
        onFailure(error);
      }
      return false;
    };
  }
  if (gate.watch !== undefined) guarded.watch = (changed) => gate.watch?.(changed);
  return guarded;
}
