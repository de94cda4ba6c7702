/** The packets, or their parts, that have rules of their own: one bit each. In single numbers, as in `packet-types.ts`. */

export const CONNECT = 1;
export const WILL = 2;
export const CONNACK = 4;
export const PUBLISH = 8;
/** PUBACK and PUBREC. */
export const RECEIPT = 16;
/** PUBREL and PUBCOMP. */
export const RELEASE = 32;
export const SUBSCRIBE = 1024;
export const SUBACK = 128;
export const UNSUBSCRIBE = 2048;
export const UNSUBACK = 512;
export const DISCONNECT = 64;
export const AUTH = 256;
