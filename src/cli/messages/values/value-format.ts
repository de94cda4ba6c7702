/** What a file of this folder offers: one kind of payload made readable. */

import type { Paint } from "../paint.ts";

/** Lines for a person. Throws what a decoder throws for a payload that is something else. */
export type ValueFormat = (payload: Uint8Array, paint: Paint) => string;
