/** A broker of bare packets: it says what a test tells it to, right or wrong. */

import { type Clock, InvariantError } from "#base";
import { encodePacket, Framer, type Packet, type ProtocolVersion, toPublishPacket } from "#protocol";
import { memoryPipes } from "#testing";
import type { ClientPipe, ClientPipeReceiver, Dial } from "../../src/client/pipe.ts";

class ScriptedBroker implements ClientPipeReceiver {
  /** How many connections there were before, plus one. */
  readonly dial: number;
  readonly url: string;
  readonly #pipe: ClientPipe;
  readonly #framer: Framer;

  constructor(pipe: ClientPipe, dial: number, url: string, onPacket: OnScriptedPacket) {
    this.dial = dial;
    this.url = url;
    this.#pipe = pipe;
    this.#framer = new Framer(
      {
        onPublish: (view) => onPacket(this, toPublishPacket(view)),
        onPacket: (packet) => onPacket(this, packet),
      },
      { side: "server" },
    );
    pipe.open(this);
  }

  send(packet: Packet): void {
    const bytes = encodePacket(packet, this.#framer.version as ProtocolVersion);
    if (bytes === undefined) throw new InvariantError("no words for this packet");
    this.#pipe.write(bytes);
  }

  close(): void {
    this.#pipe.end();
  }

  onBytes(chunk: Uint8Array): void {
    this.#framer.push(chunk);
  }

  onWritten(): void {}

  onClosed(): void {}
}

export type OnScriptedPacket = (broker: ScriptedBroker, packet: Packet) => void;

/** Dials to such brokers. */
export function scriptedDial(clock: Clock, onPacket: OnScriptedPacket): Dial {
  let dials = 0;
  return ({ url }) => {
    const [near, far] = memoryPipes(clock);
    new ScriptedBroker(far, ++dials, url.href, onPacket);
    return near;
  };
}
