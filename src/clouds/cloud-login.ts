/**
 * What all logins of clouds have in common: a platform reads a login as a claim (who it says it is, and which proof it
 * brings), here the secret is looked up and the proof compared in constant time. Who lacks the secret learns nothing else: expiry
 * and keep alive are looked at afterwards. Reasons for the log name devices, never secrets or proofs.
 */

import type { Accepted, Login, Refused } from "#auth";
import { type Clock, isPromise, type MaybePromise, sameSecret } from "#base";
import { ReasonCode } from "#protocol";
import type { KeyedHashing } from "./keyed-hashing.ts";

export const cloudNames = [
  "aliyun",
  "onenet",
  "onenet-old",
  "huawei",
  "baidu",
  "tencent",
  "azure",
  "aws-authorizer",
  "aws-sigv4",
  "google",
] as const;
export type CloudName = (typeof cloudNames)[number];

/**
 * Whose secret is wanted. Which of the platform's words is the group and which the device:
 *
 * | cloud | group | device | secret |
 * | --- | --- | --- | --- |
 * | `aliyun` | product key | device name | device secret; of the product: product secret |
 * | `onenet` | product id | device name | device key, Base64; of the product: access key |
 * | `onenet-old` | product id | device id | auth info; of the product: API key |
 * | `huawei` | empty | device id | secret |
 * | `baidu` | IoT Core id | device key | device secret |
 * | `tencent` | empty | product id and device name, joined | device key, Base64 |
 * | `azure` | name of the hub | device id, or `device/module` | key, Base64; `policy` for that of a policy |
 * | `aws-sigv4` | empty | access key id | secret access key |
 * | `google` | `projects/p/locations/l/registries/r` | device id | public key in PEM |
 */
export interface SecretOwner {
  readonly cloud: CloudName;
  readonly group: string;
  /** Absent: the secret is that of the whole group, or of `policy`. */
  readonly device?: string;
  readonly policy?: string;
}

/** Undefined when there is none. A rejection lets nobody in. */
export type SecretLookup = (owner: SecretOwner) => MaybePromise<string | undefined>;

/** In seconds. A keep alive of 0 is outside of every range that does not begin with 0. */
export interface KeepAliveRange {
  readonly lowest: number;
  readonly highest: number;
}

export interface CloudLoginOptions {
  readonly hashing: KeyedHashing;
  readonly clock: Pick<Clock, "epochMs">;
  readonly secretOf: SecretLookup;
  /** Instead of the range that the platform allows; `any` for no limits. */
  readonly keepAlive?: KeepAliveRange | "any";
}

/** A message for this client alone, which it has not subscribed to. */
export interface PushedMessage {
  readonly topicName: string;
  readonly payload: Uint8Array;
}

/** Let in, with what the platform sends of its own accord. */
export interface CloudAccepted extends Accepted {
  /** To be sent behind CONNACK with QoS 0, in this order. May hold a secret of the device. */
  readonly afterConnect?: readonly PushedMessage[];
}

/** A refusal that says why. */
export interface CloudRefused extends Refused {
  /** A clause for the log, never for the client and never with a secret in it. */
  readonly reason: string;
}

type CloudAnswer = CloudAccepted | CloudRefused | undefined;

/** Judges the logins of one cloud; fits into a chain of other ways to log in. */
export interface CloudProvider {
  readonly name: CloudName;
  /** Undefined for a login that is not of this cloud. */
  authenticate(login: Login): MaybePromise<CloudAnswer>;
}

/** A login that has the form of the platform. */
export interface Claim {
  /** Whose secret would do; asked in this order. */
  readonly owners: readonly SecretOwner[];
  /** What the device brings; undefined when it is malformed. */
  readonly proof: Uint8Array | undefined;
  /** What it should have brought, made of the secret; undefined when that secret is not of the form the platform has. */
  readonly expected: (secret: string) => Uint8Array | undefined;
  /** Milliseconds since 1970. */
  readonly expiresAtMs?: number | undefined;
  /** Why it is not let in, although the proof fits. */
  readonly problem?: CloudRefused | undefined;
  readonly accepted: CloudAccepted | (() => MaybePromise<CloudAccepted | CloudRefused>);
  /** Nobody of this name is none of our business, as others' logins look the same. Default: a refusal. */
  readonly strangersPass?: boolean;
}

/** A provider of the logins that `read` knows. It returns undefined for what is not of the platform's form. */
export function cloudLogin(
  name: CloudName,
  options: Pick<CloudLoginOptions, "clock" | "secretOf" | "keepAlive">,
  read: (login: Login) => Claim | CloudRefused | undefined,
  allowed?: KeepAliveRange,
): CloudProvider {
  const keepAlive = options.keepAlive ?? allowed ?? "any";
  return {
    name,
    authenticate(login) {
      const claim = read(login);
      if (claim === undefined || "outcome" in claim) return claim;
      const problem = (): CloudRefused | undefined =>
        claim.problem ??
        expiryProblem(claim, options.clock.epochMs()) ??
        keepAliveProblem(login.keepAliveSeconds, keepAlive);
      return settle(claim, 0, { secretOf: options.secretOf, problem });
    },
  };
}

interface Judgement {
  readonly secretOf: SecretLookup;
  readonly problem: () => CloudRefused | undefined;
}

/** Asks the owners from `index` on. */
function settle(claim: Claim, index: number, judgement: Judgement): MaybePromise<CloudAnswer> {
  const owner = claim.owners[index];
  if (owner === undefined) return undefined;
  const secret = judgement.secretOf(owner);
  const go = (found: string | undefined): MaybePromise<CloudAnswer> => {
    const verdict = found === undefined ? stranger(claim, owner) : judge(claim, owner, found, judgement);
    const hasMore = index + 1 < claim.owners.length;
    if (hasMore && (verdict === undefined || isRefused(verdict))) {
      return otherwise(settle(claim, index + 1, judgement), verdict);
    }
    return verdict;
  };
  return isPromise(secret) ? secret.then(go) : go(secret);
}

/** The later answer, or the earlier one where that says more. */
function otherwise(later: MaybePromise<CloudAnswer>, earlier: CloudAnswer): MaybePromise<CloudAnswer> {
  return isPromise(later) ? later.then((answer) => answer ?? earlier) : (later ?? earlier);
}

function isRefused(answer: MaybePromise<CloudAnswer>): answer is CloudRefused {
  return answer !== undefined && !isPromise(answer) && answer.outcome === "refused";
}

function stranger(claim: Claim, owner: SecretOwner): CloudRefused | undefined {
  return claim.strangersPass === true ? undefined : wrong(`there is no secret for ${ownerText(owner)}`);
}

function judge(
  claim: Claim,
  owner: SecretOwner,
  secret: string,
  { problem }: Judgement,
): MaybePromise<CloudAnswer> {
  const expected = claim.expected(secret);
  if (expected === undefined) {
    return wrong(`the secret of ${ownerText(owner)} is not of the form that ${owner.cloud} has`);
  }
  if (claim.proof === undefined || !sameSecret(expected, claim.proof)) {
    return wrong(`the signature does not fit the secret of ${ownerText(owner)}`);
  }
  return problem() ?? (typeof claim.accepted === "function" ? claim.accepted() : claim.accepted);
}

function expiryProblem({ expiresAtMs, owners }: Claim, nowMs: number): CloudRefused | undefined {
  if (expiresAtMs === undefined || expiresAtMs > nowMs) return undefined;
  const ago = Math.floor((nowMs - expiresAtMs) / 1000);
  const whose = owners[0] === undefined ? "" : ` of ${ownerText(owners[0])}`;
  return notAllowed(
    `the credentials${whose} have expired ${ago} seconds ago`,
    "The credentials have expired.",
  );
}

function keepAliveProblem(seconds: number, range: KeepAliveRange | "any"): CloudRefused | undefined {
  if (range === "any" || (seconds >= range.lowest && seconds <= range.highest)) return undefined;
  const allowed = `between ${range.lowest} and ${range.highest} seconds`;
  return notAllowed(`the keep alive of ${seconds} is not ${allowed}`, `The keep alive has to be ${allowed}.`);
}

/** For the log, for example `device dev1 of pk`. */
export function ownerText({ group, device, policy }: SecretOwner): string {
  const of = group === "" ? "" : ` of ${group}`;
  if (device !== undefined) return `device ${device}${of}`;
  return policy === undefined ? `the whole group ${group}` : `policy ${policy}${of}`;
}

/** Whoever it is, it is not shown to be. */
export function wrong(reason: string): CloudRefused {
  return { outcome: "refused", reasonCode: ReasonCode.BAD_USER_NAME_OR_PASSWORD, reason };
}

/** It is who it says, or could be, but may not come in like this. */
export function notAllowed(reason: string, reasonString?: string): CloudRefused {
  const refused = { outcome: "refused", reasonCode: ReasonCode.NOT_AUTHORIZED, reason } as const;
  return reasonString === undefined ? refused : { ...refused, reasonString };
}

/**
 * A device is let in under an id of its own, `group/device`: so it finds its session, whatever else the platform puts into client
 * ids, and a second login cuts the first.
 */
export function acceptedDevice(
  cloud: CloudName,
  { group, device }: { readonly group: string; readonly device: string },
  more: Omit<CloudAccepted, "outcome" | "claims"> = {},
): CloudAccepted {
  return {
    outcome: "accepted",
    clientId: group === "" ? device : `${group}/${device}`,
    claims: group === "" ? { cloud, device } : { cloud, group, device },
    ...more,
  };
}
