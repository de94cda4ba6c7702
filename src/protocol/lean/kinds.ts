/** What a property's value is on the wire (1.5). In single numbers, as in `packet-types.ts`. */

export const BOOLEAN = 0;
/** One byte, 0 or 1, that is a number in the model. */
export const BIT = 1;
export const UINT16 = 2;
export const UINT32 = 3;
/** Integers of variable length; the property may repeat. */
export const VARIABLES = 4;
export const TEXT = 5;
export const BINARY = 6;
/** Keys and values; the property may repeat. */
export const PAIRS = 7;

/** Identifiers of the two properties that go into a PUBLISH by themselves. */
export const MESSAGE_EXPIRY_INTERVAL = 0x02;
export const TOPIC_ALIAS = 0x23;
