/**
 * A client that does exactly what a case says: it sends bytes as they are, acknowledges nothing by itself, and lets the
 * case demand what has to come back. All waiting is patient in `pace`'s time and ends as soon as something came.
 */

import { bytesEqual, concatBytes, toHex } from "#base";
import type { ProtocolVersion } from "#protocol";
import { ConformanceFailure, Inconclusive, NotSupported } from "./failure.ts";
import { type Link, type Pace, Signal } from "./link.ts";
import { Observer } from "./observer.ts";
import { type CloseExpectation, describe, mismatch, type Pattern } from "./pattern.ts";
import { firstByteName, type TraceEntry } from "./trace.ts";
import { type Raw, raw } from "./wire/bytes.ts";
import type { WireProperties } from "./wire/properties.ts";
import {
  type ConnackReceived,
  type PacketName,
  type PublishReceived,
  packetEnd,
  readPacket,
  type ServerPacket,
  type ServerPackets,
  type SubackReceived,
} from "./wire/read.ts";
import {
  disconnect,
  type PublishOptions,
  pingreq,
  puback,
  pubcomp,
  publish,
  pubrec,
  pubrel,
  type SubscriptionOptions,
  subscribe,
  unsubscribe,
} from "./wire/write.ts";

/** What a case shares with its connections. */
export interface PeerSurroundings {
  readonly version: ProtocolVersion;
  readonly pace: Pace;
  /** How long to wait for what has to come. */
  readonly patienceMs: number;
  /** How long nothing has to come before a case believes that nothing comes. */
  readonly quietMs: number;
  readonly record: (entry: Omit<TraceEntry, "atMs">) => void;
  readonly note: (text: string) => void;
  /** What the broker's CONNACK says it does not do, for clients before 5.0 too. */
  readonly announced: WireProperties;
}

/** CONNACK of 3.x with return code 1. */
const versionRefused = Uint8Array.of(0x20, 0x02, 0x00, 0x01);

/** Unspecified, Implementation specific, Not authorized, Quota exceeded: a server needs no other reason than its own. */
const subscriptionRefusals: ReadonlySet<number> = new Set([0x80, 0x83, 0x87, 0x97]);

export class RawPeer {
  readonly name: string;
  readonly version: ProtocolVersion;
  readonly link: Link;
  /** What came and no expectation has taken yet. */
  readonly inbox: ServerPacket[] = [];
  /** The CONNACK of `context.connect`. */
  connack: ConnackReceived | undefined;
  readonly #context: PeerSurroundings;
  readonly #observer: Observer;
  /** Raised whenever something came. */
  readonly signal = new Signal();
  #unread: Uint8Array = new Uint8Array(0);
  #failure: ConformanceFailure | NotSupported | undefined;
  #closed = false;
  #nextPacketId = 1;
  #readsPackets = true;
  #hasConnack = false;
  /** A CONNACK came that accepts. */
  #accepted = false;

  constructor(
    name: string,
    link: Link,
    context: PeerSurroundings,
    version: ProtocolVersion = context.version,
  ) {
    this.name = name;
    this.version = version;
    this.link = link;
    this.#context = context;
    this.#observer = new Observer(version);
    link.listen(
      (bytes) => this.#onBytes(bytes),
      () => this.#onClosed(),
    );
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** A packet identifier that this connection has not used. */
  nextPacketId(): number {
    return this.#nextPacketId++;
  }

  // ---- sending

  /** Sends hex, bytes or both in one write. */
  send(...parts: readonly Raw[]): void {
    const bytes = raw(parts);
    const { name, version } = this;
    this.#context.record({ peer: name, direction: "sent", what: firstByteName(bytes), bytes, version });
    this.link.send(bytes);
  }

  /** Tells the observer what the client's CONNECT promises. */
  connectSent(properties: WireProperties): void {
    this.#observer.connectSent(properties);
  }

  /** Ends the connection without DISCONNECT, as a network failure does. */
  cut(): void {
    this.#context.record({ peer: this.name, direction: "note", what: "connection cut by the client" });
    this.#closed = true;
    this.link.destroy();
  }

  /** DISCONNECT, then waits until the server has closed or for a moment, and closes. */
  async disconnect(reasonCode = 0, properties?: WireProperties): Promise<void> {
    this.send(disconnect(this.version, reasonCode, properties));
    await this.#context.pace.until(() => this.#closed, this.#context.quietMs, this.signal);
    if (!this.#closed) this.cut();
  }

  /** Sends a PUBLISH and, unless it is QoS 0, goes through its handshake. Returns the last reason code. */
  async publish(options: PublishOptions): Promise<number> {
    const qos = options.qos ?? 0;
    this.#demandPublish(qos, options.retain === true);
    const packetId = options.packetId ?? (qos > 0 ? this.nextPacketId() : 0);
    this.send(publish(this.version, { ...options, packetId }));
    if (qos === 0) return 0;
    if (qos === 1) return (await this.take("PUBACK", { packetId })).reasonCode;
    const { reasonCode } = await this.take("PUBREC", { packetId });
    if (reasonCode >= 0x80) return reasonCode;
    this.send(pubrel(this.version, packetId));
    return (await this.take("PUBCOMP", { packetId })).reasonCode;
  }

  /** SUBSCRIBE and its SUBACK. A filter taken for invalid fails the case, one that is not allowed ends it. */
  async subscribe(
    subscriptions: string | SubscriptionOptions | readonly SubscriptionOptions[],
    properties: WireProperties = {},
  ): Promise<SubackReceived<"SUBACK">> {
    const list: readonly SubscriptionOptions[] =
      typeof subscriptions === "string"
        ? [{ filter: subscriptions }]
        : subscriptions instanceof Array
          ? subscriptions
          : [subscriptions];
    for (const { filter } of list) this.#demandSubscription(filter, properties);
    const packetId = this.nextPacketId();
    this.send(subscribe(this.version, packetId, list, properties));
    const suback = await this.take("SUBACK", { packetId });
    for (const [index, { filter, qos = 0 }] of list.entries()) {
      const code = suback.reasonCodes[index] ?? qos;
      const refusal = `SUBACK refuses "${filter}" with 0x${code.toString(16)}`;
      // A server may refuse any subscription, and may grant less than was asked for.
      if (subscriptionRefusals.has(code)) throw new Inconclusive(`${this.name}: ${refusal}`);
      if (code >= 0x80) this.fail(refusal);
      if (code < qos) throw new NotSupported(`the broker grants QoS ${code} instead of ${qos}`);
    }
    return suback;
  }

  /** UNSUBSCRIBE and its UNSUBACK. */
  async unsubscribe(...filters: string[]): Promise<SubackReceived<"UNSUBACK">> {
    const packetId = this.nextPacketId();
    this.send(unsubscribe(this.version, packetId, filters));
    return await this.take("UNSUBACK", { packetId });
  }

  /** PINGREQ and PINGRESP: everything sent before has been read by the server then. */
  async ping(): Promise<void> {
    this.send(pingreq);
    await this.take("PINGRESP");
  }

  puback(packetId: number, reasonCode = 0): void {
    this.send(puback(this.version, packetId, reasonCode));
    this.#observer.acknowledged(packetId);
  }

  pubrec(packetId: number, reasonCode = 0): void {
    this.send(pubrec(this.version, packetId, reasonCode));
    if (reasonCode >= 0x80) this.#observer.acknowledged(packetId);
  }

  pubcomp(packetId: number, reasonCode = 0): void {
    this.send(pubcomp(this.version, packetId, reasonCode));
    this.#observer.acknowledged(packetId);
  }

  /** Acknowledges a received PUBLISH to the end of its handshake. */
  async acknowledge(packet: PublishReceived): Promise<void> {
    if (packet.qos === 1) this.puback(packet.packetId);
    if (packet.qos !== 2) return;
    this.pubrec(packet.packetId);
    await this.take("PUBREL", { packetId: packet.packetId });
    this.pubcomp(packet.packetId);
  }

  // ---- expecting

  /** The next packet has to be this one. */
  async expect<Name extends PacketName>(
    name: Name,
    pattern: Pattern<Name> = {} as Pattern<Name>,
    withinMs?: number,
  ): Promise<ServerPackets[Name]> {
    const packet = await this.next(`${name} ${describe(pattern)}`, withinMs);
    const problem = mismatch(packet, name, pattern);
    if (problem !== undefined) this.fail(`expected ${name} ${describe(pattern)}: ${problem}`);
    return packet as ServerPackets[Name];
  }

  /** The next packet has to be these bytes. */
  async expectBytes(source: Raw): Promise<ServerPacket> {
    const bytes = raw(source);
    const packet = await this.next(toHex(bytes));
    if (!bytesEqual(packet.bytes, bytes)) {
      this.fail(`expected the bytes ${toHex(bytes)}, got ${toHex(packet.bytes)}`);
    }
    return packet;
  }

  /** Takes the first packet that matches, also from behind others, which stay. */
  async take<Name extends PacketName>(
    name: Name,
    pattern: Pattern<Name> = {} as Pattern<Name>,
    withinMs = this.#context.patienceMs,
  ): Promise<ServerPackets[Name]> {
    const find = (): number =>
      this.inbox.findIndex((packet) => mismatch(packet, name, pattern) === undefined);
    await this.#until(() => find() >= 0, withinMs);
    const index = find();
    if (index < 0) {
      this.fail(
        `${name} ${describe(pattern)} did not come${this.#closed ? "; the connection was closed" : ""}`,
      );
    }
    return this.inbox.splice(index, 1)[0] as ServerPackets[Name];
  }

  /** Expects a PUBLISH as the next packet and acknowledges it to the end. */
  async receive(pattern: Pattern<"PUBLISH"> = {}, withinMs?: number): Promise<PublishReceived> {
    const packet = await this.expect("PUBLISH", pattern, withinMs);
    await this.acknowledge(packet);
    return packet;
  }

  /** The next packet, whatever it is. */
  async next(what = "a packet", withinMs = this.#context.patienceMs): Promise<ServerPacket> {
    await this.#until(() => this.inbox.length > 0, withinMs);
    const packet = this.inbox.shift();
    if (packet !== undefined) return packet;
    return this.fail(`expected ${what}, but ${this.#closed ? "the connection was closed" : "nothing came"}`);
  }

  /** The next packet, or undefined when the connection is closed without one. */
  async nextOrClosed(): Promise<ServerPacket | undefined> {
    await this.#until(() => this.inbox.length > 0 || this.#closed, this.#context.patienceMs, true);
    if (this.inbox.length === 0 && !this.#closed)
      this.fail("neither an answer came nor was the connection closed");
    return this.inbox.shift();
  }

  /** Nothing may come for `ms`, and the connection has to stay. */
  async expectNothing(ms = this.#context.quietMs): Promise<void> {
    await this.#until(() => this.inbox.length > 0, ms);
    const packet = this.inbox[0];
    if (packet !== undefined) this.fail(`expected nothing, got ${packet.name} ${toHex(packet.bytes)}`);
    if (this.#closed) this.fail("expected nothing, but the connection was closed");
  }

  /** The server has to close the connection, with no packet before that but the one that says why. */
  async expectClose(expectation: CloseExpectation = {}): Promise<void> {
    const { pace, patienceMs } = this.#context;
    const started = pace.now();
    await this.#until(() => this.#closed, expectation.withinMs ?? patienceMs, true);
    if (!this.#closed) this.fail("the connection was not closed");
    const tookMs = pace.now() - started;
    if (tookMs < (expectation.afterMs ?? 0)) {
      this.fail(`the connection was closed after ${tookMs.toFixed(0)} ms, before ${expectation.afterMs} ms`);
    }
    const [last, ...more] = this.inbox.splice(0);
    if (last === undefined) {
      if (expectation.mustSay === true)
        this.fail("the connection was closed without the packet that says why");
      if (
        this.version === 5 &&
        (expectation.shouldSay ?? (this.#accepted && expectation.reasons !== undefined))
      ) {
        this.#context.note("closed without a packet that says why");
      }
      return;
    }
    const refusal = more[0] ?? (last.name === "CONNACK" || last.name === "DISCONNECT" ? undefined : last);
    if (refusal !== undefined) this.fail(`${refusal.name} before the connection was closed`);
    if (last.name === "CONNACK") this.#checkRefusal(last, expectation);
    else if (last.name === "DISCONNECT") this.#checkReason(last.reasonCode, expectation);
  }

  /** What comes is not read as packets from now on: for connections whose version the server cannot know. */
  readNothing(): void {
    this.#readsPackets = false;
  }

  /** Everything that came since `readNothing`. */
  get unreadBytes(): Uint8Array {
    return this.#unread;
  }

  /** Everything that came since `readNothing`, once the server has closed the connection. */
  async bytesUntilClose(): Promise<Uint8Array> {
    await this.#until(() => this.#closed, this.#context.patienceMs, true);
    if (!this.#closed) this.fail("the connection was not closed");
    return this.#unread;
  }

  fail(message: string): never {
    throw new ConformanceFailure(`${this.name}: ${message}`);
  }

  #checkRefusal(connack: ConnackReceived, expectation: CloseExpectation): void {
    if (connack.reasonCode === 0) this.fail("CONNECT was accepted");
    if (this.version === 5) {
      this.#checkReason(connack.reasonCode, expectation);
      return;
    }
    const allowed = expectation.returnCodes ?? [];
    if (!allowed.includes(connack.reasonCode)) {
      this.fail(`CONNACK with return code ${connack.reasonCode} before the connection was closed`);
    }
  }

  #checkReason(code: number, { reasons, mustSay }: CloseExpectation): void {
    if (reasons === undefined || reasons.includes(code)) return;
    const listed = reasons.map((each) => `0x${each.toString(16)}`).join(" or ");
    const said = `0x${code.toString(16).padStart(2, "0")} was said where the standard names ${listed}`;
    if (mustSay === true) this.fail(said);
    this.#context.note(said);
  }

  // ---- what the broker says it does not do

  #demandPublish(qos: number, retain: boolean): void {
    const { maximumQos, retainAvailable } = this.#announced;
    if (qos > (maximumQos ?? 2)) throw new NotSupported(`the broker announces Maximum QoS ${maximumQos}`);
    if (retain && retainAvailable === 0) throw new NotSupported("the broker announces no retained messages");
  }

  #demandSubscription(filter: string, properties: WireProperties): void {
    const announced = this.#announced;
    if (announced.sharedSubscriptionAvailable === 0 && filter.startsWith("$share/")) {
      throw new NotSupported("the broker announces no shared subscriptions");
    }
    if (announced.wildcardSubscriptionAvailable === 0 && /[+#]/.test(filter)) {
      throw new NotSupported("the broker announces no wildcard subscriptions");
    }
    if (announced.subscriptionIdentifierAvailable === 0 && properties.subscriptionIdentifier !== undefined) {
      throw new NotSupported("the broker announces no subscription identifiers");
    }
  }

  get #announced(): WireProperties {
    return this.version === 5 && this.connack !== undefined
      ? this.connack.properties
      : this.#context.announced;
  }

  // ---- receiving

  async #until(done: () => boolean, ms: number, throughClose = false): Promise<void> {
    const settled = (): boolean => this.#failure !== undefined || done() || (this.#closed && !throughClose);
    await this.#context.pace.until(settled, ms, this.signal);
    if (this.#failure !== undefined) throw this.#failure;
  }

  #onBytes(bytes: Uint8Array): void {
    if (this.#failure !== undefined) return;
    this.#unread = concatBytes([this.#unread, bytes]);
    if (!this.#readsPackets) {
      this.#context.record({ peer: this.name, direction: "received", what: "bytes", bytes });
      this.signal.raise();
      return;
    }
    try {
      for (let end = packetEnd(this.#unread); end !== undefined; end = packetEnd(this.#unread)) {
        const packet = this.#unread.slice(0, end);
        this.#unread = this.#unread.slice(end);
        this.#context.record({
          peer: this.name,
          direction: "received",
          what: firstByteName(packet),
          bytes: packet,
          version: this.version,
        });
        // What a server of 3.x says to a 5.0 client, in the format of 3.x.
        if (this.version === 5 && !this.#hasConnack && bytesEqual(packet, versionRefused)) {
          throw new NotSupported("the broker does not speak MQTT 5.0");
        }
        const read = this.#observer.received(readPacket(packet, this.version));
        if (read.name === "CONNACK") {
          this.#hasConnack = true;
          if (read.reasonCode === 0) this.#accepted = true;
        }
        this.inbox.push(read);
      }
    } catch (error) {
      if (!(error instanceof ConformanceFailure || error instanceof NotSupported)) throw error;
      this.#failure = error;
    }
    this.signal.raise();
  }

  #onClosed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#context.record({ peer: this.name, direction: "closed", what: "closed by the server" });
    if (this.#readsPackets && this.#unread.length > 0 && this.#failure === undefined) {
      const { name, version } = this;
      const what = "an unfinished packet";
      this.#context.record({ peer: name, direction: "received", what, bytes: this.#unread, version });
      this.#failure = new ConformanceFailure(`${this.name}: the connection ended inside a packet`);
    }
    this.signal.raise();
  }

  /** Throws what the reader or the observer found since the last look; at the end of a case. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}
