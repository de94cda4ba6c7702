/**
 * @module limits: how much, how often and how fast: buckets of tokens, and guards against those who try passwords.
 */

export { addressKey } from "./address.ts";
export { BoundedTable } from "./bounded-table.ts";
export { type Ban, type BanKind, LoginGuard, type LoginLimits } from "./login-guard.ts";
export { Repetition } from "./repetition.ts";
export { TokenBucket } from "./token-bucket.ts";
