/**
 * Watches one client: gives its packets to Martlet too, reads what both brokers say to it, and reports what differs.
 *
 *     client ──▶ ClientReader ──▶ MartletFeed ──▶ Martlet
 *     old broker ──▶ ServerReader ──┬──▶ deliveries, answers, endings
 *     Martlet    ──▶ ServerReader ──┘         └──▶ Acknowledger ──▶ MartletFeed
 *
 * Whatever goes wrong here ends the comparison, visibly, and never the client's connection, of which this file knows nothing.
 */

import { describeError } from "#base";
import {
  type AcknowledgementPacket,
  type ConnackPacket,
  type ConnectPacket,
  FIRST_REFUSAL,
  PacketType,
  ProtocolVersion,
} from "#protocol";
import { Acknowledger } from "./acknowledger.ts";
import { AnswerComparison, NOTHING } from "./answer-comparison.ts";
import { ClientReader } from "./client-reader.ts";
import { ConnackComparison } from "./connack-comparison.ts";
import type { Delivery, ServerSide } from "./delivery.ts";
import { DeliveryComparison } from "./delivery-comparison.ts";
import type { DifferenceKind, NoticeKind, Tally } from "./difference.ts";
import { type DifferenceTexts, differenceTexts } from "./difference-texts.ts";
import { Endings } from "./endings.ts";
import { MartletFeed } from "./martlet-feed.ts";
import { ServerReader } from "./server-reader.ts";
import type { WitnessHome } from "./witness-home.ts";

export class Witness {
  /** From CONNECT, or given by the old broker; empty before. */
  clientId = "";
  readonly connection: number;
  /** Whether the client takes nothing from the old broker at the moment. */
  isClientSlow: () => boolean = () => false;
  readonly #home: WitnessHome;
  readonly #client: ClientReader;
  readonly #servers: Readonly<Record<ServerSide, ServerReader>>;
  readonly #deliveries: DeliveryComparison;
  readonly #answers: AnswerComparison;
  readonly #connack: ConnackComparison;
  readonly #endings: Endings;
  readonly #feed: MartletFeed;
  readonly #acknowledger = new Acknowledger((packet) => this.#feed.send(packet));
  #endsWithConnection = true;
  #givenUp = false;
  #isDone = false;

  constructor(connection: number, home: WitnessHome) {
    this.connection = connection;
    this.#home = home;
    const { settings, clock } = home;
    const now = (): number => clock.now();
    const report = (kind: DifferenceKind, old: string, martlet: string): void =>
      this.#report(kind, { old, martlet });
    this.#deliveries = new DeliveryComparison({ windowMs: settings.windowMs, sink: this.#deliverySink() });
    this.#answers = new AnswerComparison(settings.windowMs, report);
    this.#connack = new ConnackComparison(report, (name, says) => {
      if (home.memories.isNew(`connack ${name}`)) this.#notice("connack-property", says);
    });
    this.#endings = new Endings(settings.windowMs, report);
    this.#client = new ClientReader(this.#clientSink(), settings.maximumPacketBytes);
    const readerOf = (side: ServerSide): ServerReader =>
      new ServerReader({
        sink: this.#serverSink(side),
        maximumPacketBytes: settings.maximumPacketBytes,
        now,
      });
    this.#servers = { old: readerOf("old"), martlet: readerOf("martlet") };
    this.#feed = new MartletFeed(home, this.#feedSink());
    this.#guarded(() => this.#feed.open());
  }

  /** Nothing more will come of it. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** The client has sent `chunk`, whose memory stays as it is. */
  onClientBytes(chunk: Uint8Array): void {
    this.#guarded(() => this.#client.push(chunk));
  }

  /** The old broker has sent `chunk`. */
  onOldBytes(chunk: Uint8Array): void {
    this.#guarded(() => this.#servers.old.push(chunk));
  }

  /** The client sends nothing more. */
  onClientEnd(): void {
    this.#guarded(() => {
      this.#endings.onClientLeft(this.#home.clock.now());
      // When it is the old broker that has closed, Martlet has to close by itself.
      if (this.#endings.leftMs !== undefined) this.#feed.end();
    });
  }

  /** The old broker sends nothing more. */
  onOldEnd(): void {
    this.#guarded(() => this.#endings.onEnd("old", this.#home.clock.now()));
  }

  /** There is nothing to compare with. */
  abandon(why: string): void {
    this.#guarded(() => this.#giveUp(why));
  }

  /** Tells what is due. */
  tick(nowMs: number): void {
    this.#guarded(() => {
      if (this.#isDone) return;
      const isStuck =
        this.isClientSlow() || this.#acknowledger.oldestMs < nowMs - this.#home.settings.windowMs;
      this.#deliveries.expire(nowMs, { mayBeEarly: isStuck });
      this.#answers.expire(nowMs);
      const ending = this.#endings.judge(nowMs);
      if (ending === "gave-up") this.#giveUp("Martlet has closed the connection and the old broker has not");
      else if (ending === "over") this.finish(nowMs);
    });
  }

  /**
   * Ends the comparison: tells what can be told, and lets go of everything.
   *
   * @param caughtUpMs Martlet has had the time to answer what came before
   */
  finish(nowMs: number, caughtUpMs: number = nowMs): void {
    if (this.#isDone) return;
    this.#isDone = true;
    const { tally, memories } = this.#home;
    if (!this.#givenUp) {
      const leftMs = this.#endings.leftMs ?? caughtUpMs;
      tally.undecided += this.#deliveries.settle(nowMs, leftMs) + this.#answers.settle(nowMs, leftMs);
    }
    if (this.#endsWithConnection) memories.forgetSession(this.clientId, this.connection);
    this.addTo(tally);
    this.#feed.destroy();
  }

  /** Adds what has been counted so far; `finish` does it for good. */
  addTo(tally: Tally): void {
    tally.answers += this.#answers.pairs + this.#connack.pairs;
    tally.deliveries += this.#deliveries.pairs;
    tally.clientPackets += this.#client.packets;
    tally.oldPackets += this.#servers.old.packets;
    tally.martletPackets += this.#servers.martlet.packets;
  }

  #feedSink() {
    return {
      onBytes: (chunk: Uint8Array) => this.#servers.martlet.push(chunk),
      onClosed: () => this.#endings.onEnd("martlet", this.#home.clock.now()),
      onStuck: (why: string) => this.#giveUp(why),
      guarded: (run: () => void) => this.#guarded(run),
    };
  }

  #clientSink() {
    return {
      onConnect: (packet: ConnectPacket, bytes: Uint8Array) => this.#onConnect(packet, bytes),
      feed: (bytes: Uint8Array, asks: boolean) => this.#feed.push(bytes, asks),
      onAcknowledgement: (packet: AcknowledgementPacket) => this.#acknowledger.onClient(packet),
      onRetained: (topicName: string) => this.#home.memories.learnRetained(topicName),
      onSubscribe: (topicFilters: readonly string[]) =>
        this.#home.memories.learnShared(this.clientId, topicFilters),
      onGoodbye: () => {
        this.#endings.onClientLeft(this.#home.clock.now());
        this.#home.line.rest();
      },
      onTooLarge: () => this.#giveUp("the client has sent a packet that is too large to be looked into"),
    };
  }

  #serverSink(side: ServerSide) {
    return {
      onConnack: (packet: ConnackPacket) => this.#onConnack(side, packet),
      onDelivery: (delivery: Delivery) => this.#onDelivery(side, delivery),
      onAnswer: (answer: Parameters<AnswerComparison["add"]>[1]) => {
        if (side === "martlet") this.#onMartletAnswer(answer.type);
        if (this.#givenUp) return;
        this.#answers.add(side, answer);
        this.#checkLimits();
      },
      onRelease: (packetId: number) => {
        if (side === "martlet") this.#acknowledger.onRelease(packetId);
      },
      onDisconnect: (packet: { readonly reasonCode: number }) =>
        this.#endings.onDisconnect(side, packet.reasonCode),
      onUnreadable: (why: string) => {
        if (side === "martlet") this.#report("malformed", { old: NOTHING, martlet: why });
        this.#giveUp(`${side === "old" ? "the old broker" : "Martlet"} has sent what cannot be read: ${why}`);
      },
    };
  }

  #deliverySink() {
    return {
      onDifference: (
        kind: DifferenceKind,
        old: Delivery | undefined,
        martlet: Delivery | undefined,
      ): void => {
        const topicName = (old ?? martlet)?.topicName ?? "";
        if (kind === "missing-retained" && !this.#home.memories.knowsRetained(topicName)) {
          this.#notice("older-retained", `${JSON.stringify(topicName)} was retained before the shadow came`);
          return;
        }
        this.#report(kind, differenceTexts(old, martlet));
      },
      onPair: (old: Delivery, martlet: Delivery): void => this.#acknowledger.pass(old, martlet),
      onAlone: (side: ServerSide, delivery: Delivery): void => {
        if (side === "martlet" && this.#endings.leftMs === undefined) this.#acknowledger.finish(delivery);
      },
    };
  }

  #onConnect(packet: ConnectPacket, bytes: Uint8Array): void {
    const { protocolVersion, clientId } = packet;
    this.#feed.version = protocolVersion;
    this.#servers.old.version = protocolVersion;
    this.#servers.martlet.version = protocolVersion;
    this.clientId = clientId;
    this.#endsWithConnection = (packet.properties.sessionExpiryInterval ?? 0) === 0;
    if (clientId === "" && protocolVersion === ProtocolVersion.MQTT_5_0) this.#feed.holdBack(packet);
    else this.#feed.push(bytes, true);
  }

  #onConnack(side: ServerSide, packet: ConnackPacket): void {
    if (side === "old") this.#onOldConnack(packet);
    else this.#feed.answered();
    if (this.#givenUp) return;
    this.#connack.add(side, packet);
    if (this.#connack.isParted) this.#giveUp("only one of the two has let it in");
  }

  #onOldConnack({ reasonCode, sessionPresent, properties }: ConnackPacket): void {
    const { memories } = this.#home;
    if (this.#feed.isUnnamed) {
      this.clientId = properties.assignedClientIdentifier ?? "";
      this.#feed.name(this.clientId);
    }
    if (reasonCode >= FIRST_REFUSAL || this.clientId === "") return;
    if (!sessionPresent) memories.learnSession(this.clientId, this.connection);
    else if (!memories.knowsSession(this.clientId)) {
      this.#notice("older-session", "its session began before the shadow came");
      this.#giveUp("its session is older than the shadow");
    }
  }

  #onMartletAnswer(type: PacketType): void {
    const isAsked = type === PacketType.SUBACK || type === PacketType.UNSUBACK || type === PacketType.AUTH;
    if (isAsked) this.#feed.answered();
  }

  #onDelivery(side: ServerSide, delivery: Delivery): void {
    const { topicName } = delivery;
    if (this.#givenUp || topicName.startsWith("$SYS/")) {
      if (side === "martlet") this.#acknowledger.finish(delivery);
      return;
    }
    const group = this.#home.memories.groupOf(this.clientId, topicName);
    if (group !== undefined) {
      if (side === "martlet") this.#acknowledger.finish(delivery);
      group.add(side, delivery);
      if (group.pending > this.#home.settings.maximumPending) {
        group.clear();
        this.#notice("limit", "too much waits to be compared in a group; what waited is forgotten");
      }
      return;
    }
    if (side === "old") this.#acknowledger.expect(delivery);
    this.#deliveries.add(side, delivery);
    this.#checkLimits();
  }

  #checkLimits(): void {
    const { maximumPending, maximumPendingBytes } = this.#home.settings;
    if (
      this.#deliveries.pending + this.#answers.pending > maximumPending ||
      this.#deliveries.pendingBytes > maximumPendingBytes
    )
      this.#giveUp("too much waits to be compared");
  }

  /** From now on Martlet only gets what the client sends, so that the others can be compared. */
  #giveUp(why: string): void {
    if (this.#givenUp) return;
    this.#givenUp = true;
    this.#notice("gave-up", `it is no longer compared on this connection: ${why}`);
    this.#deliveries.clear();
    this.#answers.clear();
    this.#acknowledger.finishAll();
    this.#endings.stop();
  }

  #report(kind: DifferenceKind, texts: DifferenceTexts): void {
    if (!this.#givenUp) this.#home.onDifference(this, kind, texts);
  }

  #notice(kind: NoticeKind, says: string): void {
    this.#home.onNotice(this, kind, says);
  }

  /** A fault of Martlet or of this room must not reach the client. */
  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#giveUp(`an error: ${describeError(error)}`);
      this.#feed.destroy();
    }
  }
}
