/**
 * The limits of a client: first how large those are that a program can set, which are described in `options.ts`, then those
 * that are the same for all.
 */

export const DEFAULT_SESSION_EXPIRY = 300;
export const DEFAULT_RECEIVE_MAXIMUM = 256;
export const DEFAULT_MAXIMUM_PACKET_SIZE = 16 * 1024 * 1024;
export const DEFAULT_TOPIC_ALIAS_MAXIMUM = 64;
export const DEFAULT_INBOX_BYTES = 4 * 1024 * 1024;

export const DEFAULT_CONNECT_TIMEOUT_MS = 30_000;
export const DEFAULT_ACKNOWLEDGEMENT_TIMEOUT_MS = 20_000;
export const DEFAULT_OPERATION_TIMEOUT_MS = 60_000;

export const DEFAULT_MINIMUM_DELAY_MS = 500;
export const DEFAULT_MAXIMUM_DELAY_MS = 60_000;
export const DEFAULT_STABLE_MS = 10_000;

export const DEFAULT_OUTBOX_MESSAGES = 10_000;
export const DEFAULT_OUTBOX_BYTES = 16 * 1024 * 1024;
export const DEFAULT_OUTBOX_AGE_MS = 600_000;

/** What two bytes hold: packet identifiers, lengths of texts, and the Receive Maximum of a broker that names none. */
export const LARGEST_UINT16 = 65_535;

/** Topic names that are remembered with what belongs to them, in each direction. */
export const MOST_TOPICS = 1024;
/** Messages in flight; leaves packet identifiers for SUBSCRIBE and UNSUBSCRIBE. */
export const MOST_IN_FLIGHT = 60_000;
export const MOST_REDIRECTS = 5;
/** Above this many bytes that the pipe has not taken, publishers wait. */
export const HIGH_WATER = 1024 * 1024;
/** Packets are written into pieces of this size; more than half of one is written without waiting for the end of the turn. */
export const SLAB = 64 * 1024;
export const MOST_IDLE_SLABS = 4;
/** A reader of the status that falls further behind than this misses the oldest. */
export const MOST_STATUSES = 64;
