/** All kinds of payload by name. One more is one file, one line here and its name in names.ts. */

import type { ValueFormatName } from "./names.ts";
import type { ValueFormat } from "./value-format.ts";

export const valueFormats: Readonly<Record<ValueFormatName, () => Promise<ValueFormat>>> = {
  pretty: async () => (await import("./pretty.ts")).pretty,
  json: async () => (await import("./json.ts")).json,
  hex: async () => (await import("./hex.ts")).hex,
  cbor: async () => (await import("./cbor.ts")).cborText,
  msgpack: async () => (await import("./msgpack.ts")).msgpack,
  protobuf: async () => (await import("./protobuf.ts")).protobuf,
  sparkplug: async () => (await import("./sparkplug.ts")).sparkplug,
};
