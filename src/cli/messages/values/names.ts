/** The names of `--format`, apart from what reads them: help and completion load none of that. */

export const valueFormatNames = [
  "pretty",
  "json",
  "hex",
  "cbor",
  "msgpack",
  "protobuf",
  "sparkplug",
] as const;

export type ValueFormatName = (typeof valueFormatNames)[number];
