/**
 * What goes to one client, packet by packet: whether it is to get it, and its bytes into the output. HOT.
 *
 * Owns what the client takes: version, Maximum Packet Size, topic aliases. A PUBLISH is written by `send-publish` and `send-run`,
 * everything else here. What an answer stands for may still be on its way to the store; it is held back until then.
 */

import type { OutboundAliases } from "#flow";
import {
  type AcknowledgementPacket,
  type ConnectPacket,
  encodePacket,
  LARGEST_ACKNOWLEDGEMENT,
  LARGEST_PACKET_SIZE,
  type Packet,
  PacketType,
  ProtocolVersion,
  type PublishPacket,
  type Qos,
  ReasonCode,
  writeAcknowledgement,
} from "#protocol";
import type { Channel } from "./channel.ts";
import type { BrokerCore } from "./core.ts";
import type { DisconnectReason } from "./disconnect-reason.ts";
import type { Message } from "./message.ts";
import type { Mount } from "./mount.ts";
import type { Output } from "./output.ts";
import { connackRefusals, disconnectReasons, legalReason } from "./refusal-codes.ts";
import type { DeliveryTerms } from "./route.ts";
import { fits, sendPublish } from "./send-publish.ts";
import type { BrokerSettings } from "./settings.ts";
import type { Topic } from "./topic.ts";
import { withoutSecrets } from "./trace.ts";

export class Outbound {
  readonly #channel: Channel;
  readonly core: BrokerCore;
  readonly output: Output;

  // Known from CONNECT on.
  version: ProtocolVersion = ProtocolVersion.MQTT_3_1_1;
  /** Of the client: nothing larger is sent to it. */
  maximumPacketSize: number = LARGEST_PACKET_SIZE;
  /** Whether it wants reason strings and user properties besides PUBLISH, CONNACK and DISCONNECT. */
  wantsProblemInformation = true;
  aliases: OutboundAliases<Topic> | undefined = undefined;

  constructor(channel: Channel) {
    this.#channel = channel;
    this.core = channel.core;
    this.output = channel.connection.output;
  }

  get clientId(): string {
    return this.#channel.clientId;
  }

  get settings(): BrokerSettings {
    return this.#channel.settings;
  }

  get mount(): Mount | undefined {
    return this.#channel.mount;
  }

  get isVersion5(): boolean {
    return this.version === ProtocolVersion.MQTT_5_0;
  }

  /** So much is unread that QoS 0 messages are dropped. */
  get isBehind(): boolean {
    const { settings, outputPool } = this.core;
    const pending = this.output.pendingBytes;
    if (pending > this.settings.maximumOutputBytes) return true;
    return outputPool.unwrittenBytes > settings.maximumTotalOutputBytes && !this.#channel.isWritable;
  }

  /** The client has said what it takes. */
  takeConnect({ protocolVersion, properties }: ConnectPacket): void {
    this.version = protocolVersion;
    if (properties.maximumPacketSize !== undefined)
      this.maximumPacketSize = Math.min(properties.maximumPacketSize, LARGEST_PACKET_SIZE);
    this.wantsProblemInformation = properties.requestProblemInformation ?? true;
  }

  /**
   * Sends a packet that is not a message: rare enough to be an object. Returns false when it is not sent, because it would
   * exceed the client's Maximum Packet Size or the version has no words for it.
   */
  send(packet: Exclude<Packet, PublishPacket>): boolean {
    const bytes = encodePacket(packet, this.version, this.maximumPacketSize);
    if (bytes === undefined) return false;
    this.output.append(bytes, 0, bytes.length);
    this.core.metrics.packetsSent++;
    this.core.trace?.onSent(this.clientId, withoutSecrets(packet));
    return true;
  }

  /** Sends an answer without which the client would wait for ever: if it is too large for it, the connection ends. */
  sendOrClose(packet: Exclude<Packet, PublishPacket>): void {
    this.holdAnswer();
    if (this.send(packet)) return;
    const detail = "The answer would exceed the Maximum Packet Size of the client.";
    this.#channel.close({ kind: "protocol-error", reasonCode: ReasonCode.PACKET_TOO_LARGE, detail });
  }

  /** The CONNACK of a CONNECT that is refused, as far as its version has words for it. */
  sendRefusal({ reasonCode, detail, serverReference }: Omit<DisconnectReason, "kind">): void {
    // A malformed CONNECT of 3.x is closed without an answer [3.1.1/MQTT-3.1.4-1].
    this.send({
      type: PacketType.CONNACK,
      sessionPresent: false, // [MQTT-3.2.2-6]
      reasonCode: legalReason(reasonCode, connackRefusals),
      properties: reasonProperties(detail, serverReference),
    });
  }

  /** Tells a 5.0 client why its connection ends. */
  sendDisconnect({ reasonCode, detail, serverReference }: DisconnectReason): void {
    this.send({
      type: PacketType.DISCONNECT,
      reasonCode: legalReason(reasonCode, disconnectReasons),
      properties: reasonProperties(detail, serverReference),
    });
  }

  /** PUBACK, PUBREC, PUBREL or PUBCOMP. */
  acknowledge(
    type: AcknowledgementPacket["type"],
    packetId: number,
    reasonCode: ReasonCode,
    reasonString?: string,
  ): void {
    this.holdAnswer();
    if (reasonString !== undefined && this.isVersion5 && this.wantsProblemInformation) {
      this.send({ type, packetId, reasonCode, properties: { reasonString } });
      return;
    }
    const { output } = this;
    const at = output.reserve(LARGEST_ACKNOWLEDGEMENT);
    output.advance(writeAcknowledgement(output.slab, at, type, packetId, reasonCode, this.version));
    this.core.metrics.packetsSent++;
    this.core.trace?.onSent(this.clientId, { type, packetId, reasonCode, properties: {} });
  }

  /** What is sent from now on waits until everything so far is in the store. */
  hold(): void {
    const { durable, outputPool } = this.core;
    if (durable === undefined) return;
    const { batch, durableBatch } = durable.store;
    if (batch <= durableBatch) return;
    outputPool.durableBatch = durableBatch;
    this.output.holdUntil(batch);
  }

  /** The answer to the packet that is being handled waits for what that has written, if anything. */
  holdAnswer(): void {
    if (this.core.durable?.hasWritten === true) this.hold();
  }

  /** A QoS 0 message; lost, with its reason, if the client is behind. */
  sendQos0(message: Message, terms: DeliveryTerms): void {
    if (this.isBehind) {
      this.core.outcomes.record("receiver-slow", this.clientId, message);
      return;
    }
    const permitted = this.permit(message, terms, 0);
    if (permitted !== undefined) sendPublish(this, permitted, terms, 0, 0, false);
  }

  /** What the client is to get of `message`, or undefined when it gets nothing: then the outcome is recorded. */
  permit(message: Message, terms: DeliveryTerms, qos: Qos): Message | undefined {
    let permitted = message;
    if (this.mount?.covers(message.topic) === false) {
      // A session that was elsewhere before.
      this.core.outcomes.record("receiver-not-permitted", this.clientId, message);
      return undefined;
    }
    if (this.core.hasDeliverHooks) {
      const hooked = this.#runDeliverHooks(message, terms, qos);
      if (hooked === undefined) return undefined;
      permitted = hooked;
    }
    if (fits(this, permitted, terms, qos)) return permitted;
    this.core.outcomes.record("packet-too-large", this.clientId, message); // [MQTT-3.1.2-24], [MQTT-3.1.2-25]
    return undefined;
  }

  #runDeliverHooks(message: Message, terms: DeliveryTerms, qos: Qos): Message | undefined {
    const draft = {
      clientId: this.clientId,
      topicName: message.topic.name,
      qos,
      retain: terms.isRetained || (terms.retainAsPublished && message.retain),
      payload: message.payload,
    };
    const { payload } = draft;
    if (this.core.hooks.runDeliver(draft) !== undefined) {
      this.core.outcomes.record("deliver-refused", this.clientId, message);
      return undefined;
    }
    return draft.payload === payload ? message : message.withPayload(draft.payload);
  }
}

function reasonProperties(detail: string | undefined, serverReference: string | undefined) {
  return {
    ...(detail === undefined ? {} : { reasonString: detail }),
    ...(serverReference === undefined ? {} : { serverReference }),
  };
}
