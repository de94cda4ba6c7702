/**
 * Martlet itself as a target of the conformance cases: a fresh broker in memory and virtual time for each case, with the
 * options that the case asks for.
 */

import type { Accepted, Continued, Exchange, Gate, Refused } from "#auth";
import { bytesEqual, type Log, seededRandom, utf8Encode } from "#base";
import { Broker, type BrokerSettings } from "#broker";
import { ReasonCode } from "#protocol";
import type { BrokerOptions, ConformanceTarget } from "./conformance/target.ts";
import { virtualTarget } from "./conformance/virtual-target.ts";

/** @param log what the brokers say; a bug that a case uncovers is among it */
export function martletTarget(log?: Log): ConformanceTarget {
  return virtualTarget({
    name: "martlet",
    start(options, clock) {
      const settings = settingsFor(options);
      const parts = log === undefined ? {} : { log };
      const broker = new Broker({
        clock,
        random: seededRandom(1),
        settings,
        gate: gateFor(options),
        ...parts,
      });
      broker.open();
      return { accept: (pipe) => broker.accept(pipe) };
    },
  });
}

/** The options that are settings, by the settings' names; the others are the gate's. */
function settingsFor(options: BrokerOptions): Partial<BrokerSettings> {
  const gates: readonly string[] = ["user", "enhancedAuthentication", "refusedClientIds"];
  const settings: Record<string, unknown> = { sysIntervalSeconds: 0 };
  for (const [name, value] of Object.entries(options)) {
    if (name === "sessionExpiryCapSeconds") settings["maximumSessionExpiryInterval"] = value;
    else if (!gates.includes(name)) settings[name] = value;
  }
  return settings;
}

/** The rules that cases rely on: one user, one authentication method, client ids that are refused. */
function gateFor({ user, enhancedAuthentication, refusedClientIds }: BrokerOptions): Gate {
  const accepted: Accepted = { outcome: "accepted" };
  const refused = (reasonCode: ReasonCode): Refused => ({ outcome: "refused", reasonCode });
  const method = enhancedAuthentication?.method;
  return {
    authenticate(login) {
      if (refusedClientIds?.test(login.clientId) === true)
        return refused(ReasonCode.CLIENT_IDENTIFIER_NOT_VALID);
      if (user === undefined) return accepted;
      const { userName, password } = login;
      const isRight = password !== undefined && bytesEqual(password, utf8Encode(user.password));
      return userName === user.userName && isRight ? accepted : refused(ReasonCode.BAD_USER_NAME_OR_PASSWORD);
    },
    ...(method === undefined
      ? {}
      : { beginExchange: (asked: string) => (asked === method ? challengeAndAnswer() : undefined) }),
    ...(user === undefined
      ? {}
      : { mayPublish: (_client, topicName: string) => !topicName.startsWith("denied/") }),
  };
}

/** `start` → `challenge` → `answer`; anything else is refused. */
function challengeAndAnswer(): Exchange {
  let expected = "start";
  return {
    step(data): Accepted | Continued | Refused {
      if (data === undefined || !bytesEqual(data, utf8Encode(expected))) {
        return { outcome: "refused", reasonCode: ReasonCode.NOT_AUTHORIZED };
      }
      if (expected === "answer") return { outcome: "accepted" };
      expected = "answer";
      return { outcome: "continued", authenticationData: utf8Encode("challenge") };
    },
  };
}
