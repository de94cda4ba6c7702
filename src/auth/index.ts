/**
 * @module auth: who may connect, and who may do what. A port and its implementations.
 *
 * @example
 * ```ts
 * import type { Gate } from "martlet/auth";
 * import { ReasonCode } from "martlet/protocol";
 *
 * export const onlySensors: Gate = {
 *   authenticate: (login) =>
 *     login.clientId.startsWith("sensor-")
 *       ? { outcome: "accepted" }
 *       : { outcome: "refused", reasonCode: ReasonCode.CLIENT_IDENTIFIER_NOT_VALID },
 *   mayPublish: (client, topicName) => topicName.startsWith(`sensors/${client.clientId}/`),
 * };
 * ```
 */

export {
  type AlternativeName,
  formatSubject,
  type NamePart,
  parseAlternativeNames,
  parseSubject,
  valuesOf,
} from "./distinguished-name.ts";
export type {
  Accepted,
  ClientAddress,
  ClientCertificate,
  ClientLimits,
  ClientOrigin,
  Continued,
  Denied,
  Exchange,
  Gate,
  GateChange,
  Identity,
  Login,
  OpeningRequest,
  Permission,
  PushedMessage,
  Refused,
} from "./gate.ts";
export { guardedGate } from "./guarded-gate.ts";
export { openGate } from "./open-gate.ts";
export { PasswordFile, type PlainAccount, userNameProblem } from "./password-file.ts";
export {
  type Argon2Cost,
  DEFAULT_ITERATIONS,
  formatPasswordHash,
  type HashOptions,
  hashPassword,
  MOST_ITERATIONS,
  type PasswordHash,
  type PasswordHashing,
  type PasswordMethod,
  parsePasswordHash,
  type ScramAccount,
  verifyPassword,
} from "./password-hash.ts";
export {
  DEFAULT_SCRAM_ITERATIONS,
  SCRAM_KEY_BYTES,
  type ScramHash,
  type ScramHashing,
  type ScramKeys,
  type ScramMethod,
  scramHashOf,
  scramKeys,
} from "./password-scram.ts";
