/** Payloads that are CBOR. */

import { cbor } from "#client";
import type { ValueFormat } from "./value-format.ts";
import { valueText } from "./value-text.ts";

export const cborText: ValueFormat = (payload, paint) => valueText(cbor().decode(payload, ""), paint);
