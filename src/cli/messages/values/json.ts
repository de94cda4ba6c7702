/** Payloads that are JSON, indented. */

import { json as jsonCodec } from "#client";
import type { ValueFormat } from "./value-format.ts";
import { valueText } from "./value-text.ts";

export const json: ValueFormat = (payload, paint) => valueText(jsonCodec().decode(payload, ""), paint);
