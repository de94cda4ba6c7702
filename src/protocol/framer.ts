/**
 * The framer for either side: it knows the packets that servers and clients receive.
 */

import { decodeBody } from "./decode/packet.ts";
import { type FramerOptions, PacketFramer, type PacketSink } from "./packet-framer.ts";

export class Framer extends PacketFramer {
  constructor(sink: PacketSink, options: FramerOptions) {
    super(sink, options, decodeBody);
  }
}

export type { FramerOptions, PacketSink } from "./packet-framer.ts";
