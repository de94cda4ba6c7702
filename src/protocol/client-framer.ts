/**
 * The framer for programs that are clients only. It does without what servers receive, which a page need not load.
 */

import { decodeForClient } from "./decode/client-packet.ts";
import { type FramerOptions, PacketFramer, type PacketSink } from "./packet-framer.ts";

export class ClientFramer extends PacketFramer {
  constructor(sink: PacketSink, options: Omit<FramerOptions, "side">) {
    super(sink, { ...options, side: "client" }, decodeForClient);
  }
}
