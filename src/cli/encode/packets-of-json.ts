/** The packets in a JSON text: one, a list of them, or what `martlet decode --json` writes. */

import { ConfigError } from "#base";
import { packetFromJson, type VersionedPacket } from "#inspect";
import { PacketType, type ProtocolVersion } from "#protocol";

/**
 * A packet that names no version has that of the CONNECT before it, else `version`.
 *
 * @throws ConfigError that names the place
 */
export function packetsOfJson(
  text: string,
  source: string,
  version: ProtocolVersion | undefined,
): VersionedPacket[] {
  const packets: VersionedPacket[] = [];
  let current = version;
  for (const { value, place } of descriptionsIn(parsed(text, source))) {
    const found = packetFromJson(
      value,
      current,
      (path) => [place, ...path].join(".").replace(/^\./, "") || "packet",
    );
    packets.push(found);
    if (found.packet.type === PacketType.CONNECT) current = found.version;
  }
  if (packets.length === 0) throw new ConfigError(source, "there is no packet in it.");
  return packets;
}

function parsed(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConfigError(source, `it is no JSON: ${(error as Error).message}.`);
  }
}

interface Description {
  readonly value: unknown;
  /** For errors, `packets[2].packet`; empty for a packet alone. */
  readonly place: string;
}

function descriptionsIn(value: unknown): Description[] {
  if (Array.isArray(value)) return value.map((each, index) => ({ value: each, place: `[${index}]` }));
  const packets =
    typeof value === "object" && value !== null && "packets" in value ? value.packets : undefined;
  if (!Array.isArray(packets)) return [{ value, place: "" }];
  return packets.flatMap((each: { packet?: unknown; gap?: unknown }, index) => {
    const place = `packets[${index}]`;
    if (each?.gap !== undefined) return [];
    if (each?.packet === undefined)
      throw new ConfigError(place, "it was not decoded, so it cannot be encoded.");
    return [{ value: each.packet, place: `${place}.packet` }];
  });
}
