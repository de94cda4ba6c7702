/**
 * @module base: what every room stands on. No sockets, no clock and no dice of its own: time and chance are ports here.
 */

export { AddressRanges, isAddressRange } from "./address-range.ts";
export { ArenaEntry, ByteArena } from "./byte-arena.ts";
export {
  bytesEqual,
  concatBytes,
  copyBytes,
  EMPTY_BYTES,
  hashBytes,
  plainBytes,
  rangesEqual,
  toHex,
  utf8Decode,
  utf8Encode,
} from "./bytes.ts";
export type { Clock } from "./clock.ts";
export { sameSecret } from "./constant-time.ts";
export { ConfigError, describeError, InvariantError, MartletError, StateError } from "./error.ts";
export { type ErrorCode, errorCatalogue } from "./error-codes.ts";
export { Events, type Listener } from "./events.ts";
export { formatAddress, parseAddress } from "./ip-address.ts";
export { type Log, type LogFields, type LogLevel, silentLog } from "./log.ts";
export { isPromise, type MaybePromise } from "./maybe-promise.ts";
export { nearest } from "./nearest.ts";
export { type Random, seededRandom } from "./random.ts";
export { Ring } from "./ring.ts";
export { newSlab } from "./slab-block.ts";
export { systemClock } from "./system-clock.ts";
export { systemBelow, systemRandom } from "./system-random.ts";
export { matchesOne, TextPattern } from "./text-pattern.ts";
export { Timer, Timers, type TimerTarget } from "./timers.ts";
