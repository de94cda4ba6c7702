/**
 * One client's way to Martlet: its packets, each in its turn of the line, through a pipe. While Martlet thinks about one that asks,
 * the line is held.
 *
 * A client that leaves its id to the broker waits here for the old broker's choice. What the packets mean is not looked at.
 */

import { type ConnectPacket, encodePacket, type Packet, type ProtocolVersion } from "#protocol";
import type { Pipe } from "#transport";
import type { WitnessHome } from "./witness-home.ts";

export interface MartletFeedSink {
  /** Martlet has sent `chunk`, whose memory stays as it is. */
  onBytes(chunk: Uint8Array): void;
  /** Martlet's connection is over. */
  onClosed(): void;
  /** It cannot go on, because of `why`. */
  onStuck(why: string): void;
  /** Runs what the pipe or the line has called for; deals with what it throws. */
  guarded(run: () => void): void;
}

interface Unnamed {
  readonly connect: ConnectPacket;
  readonly waiting: [bytes: Uint8Array, asks: boolean][];
  bytes: number;
}

export class MartletFeed {
  /** That of the client's CONNECT; nothing is sent without it. */
  version: ProtocolVersion | undefined;
  readonly #home: WitnessHome;
  readonly #sink: MartletFeedSink;
  /** Each is called once Martlet has answered what the others wait for. */
  readonly #releases: (() => void)[] = [];
  #pipe: Pipe | undefined;
  #isClosed = false;
  /** The client left its id to the broker; what it sends waits for the old broker's choice. */
  #unnamed: Unnamed | undefined;

  constructor(home: WitnessHome, sink: MartletFeedSink) {
    this.#home = home;
    this.#sink = sink;
  }

  open(): void {
    const sink = this.#sink;
    const pipe = this.#home.connect();
    this.#pipe = pipe;
    pipe.open({
      onBytes: (chunk) => sink.guarded(() => sink.onBytes(chunk.slice())),
      onWritten: () => undefined,
      onClosed: () =>
        sink.guarded(() => {
          this.#releaseAll();
          this.#isClosed = true;
          sink.onClosed();
        }),
    });
  }

  /** Whether it waits for `name`. */
  get isUnnamed(): boolean {
    return this.#unnamed !== undefined;
  }

  /** From `connect` on, which has no client id, everything waits for `name`. */
  holdBack(connect: ConnectPacket): void {
    this.#unnamed = { connect, waiting: [], bytes: 0 };
  }

  /** Martlet gets the client as the old broker has named it, and all that has come of it meanwhile. */
  name(clientId: string): void {
    if (this.#unnamed === undefined) return;
    const { connect, waiting } = this.#unnamed;
    this.#unnamed = undefined;
    const bytes = encodePacket({ ...connect, clientId }, connect.protocolVersion);
    if (bytes !== undefined) this.push(bytes, true);
    for (const [each, asks] of waiting) this.push(each, asks);
  }

  /** `bytes` of the client, in their turn. When it `asks`, the others wait until it is `answered`. */
  push(bytes: Uint8Array, asks: boolean): void {
    const { line, settings } = this.#home;
    if (this.#unnamed !== undefined) {
      this.#unnamed.bytes += bytes.length;
      if (this.#unnamed.bytes > settings.maximumFeedBytes)
        this.#sink.onStuck("too much waits for its client id");
      else this.#unnamed.waiting.push([bytes, asks]);
      return;
    }
    line.push(bytes.length, () => this.#sink.guarded(() => this.#write(bytes, asks)));
  }

  /** Martlet has answered the first of those that asked. */
  answered(): void {
    this.#releases.shift()?.();
  }

  /** Sends what is not the client's own, at once. */
  send(packet: Packet): void {
    const bytes = this.version === undefined ? undefined : encodePacket(packet, this.version);
    if (bytes !== undefined && !this.#isClosed) this.#pipe?.write(bytes);
  }

  /** The client sends nothing more: nor does this, once Martlet has answered everything before. */
  end(): void {
    const { line } = this.#home;
    line.rest();
    line.push(0, () => this.#pipe?.end());
  }

  /** Breaks the connection off; what is pushed from now on goes nowhere. */
  destroy(): void {
    this.#releaseAll();
    this.#pipe?.destroy();
    this.#pipe = undefined;
  }

  #write(bytes: Uint8Array, asks: boolean): void {
    const { line, settings } = this.#home;
    const pipe = this.#pipe;
    if (pipe === undefined || this.#isClosed) return;
    if (pipe.unwrittenBytes > settings.maximumFeedBytes) {
      this.#sink.onStuck("Martlet does not read what the client sends");
      this.destroy();
      return;
    }
    if (asks) this.#releases.push(line.hold());
    pipe.write(bytes);
  }

  #releaseAll(): void {
    for (const release of this.#releases.splice(0)) release();
  }
}
