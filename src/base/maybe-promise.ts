/**
 * "Sync unless a promise": the value now, or a promise when something really has to wait. Callers test with `isPromise`
 * and go straight on for values, so that the usual path never leaves its turn.
 */

export type MaybePromise<T> = T | Promise<T>;

export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof value === "object" && value !== null && "then" in value;
}
