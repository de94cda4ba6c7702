/**
 * Every packet as a line of type `debug`, as mosquitto has it: people and programs know how to read them. Payloads and passwords
 * are never shown.
 */

import type { Broker, BrokerEvents, PacketTrace, TracedPacket, TracedPublish } from "#broker";
import {
  type AcknowledgementPacket,
  type ConnackPacket,
  type ConnectPacket,
  FIRST_REFUSAL,
  PacketType,
  ProtocolVersion,
  ReasonCode,
  reasonName,
  returnCodeOfReason,
} from "#protocol";
import type { LogLines } from "../output.ts";
import { nameOfClient, type Wording } from "./wording.ts";

/** Tells of every packet. `logConnections` comes after it, so that a CONNACK stands below its client's line. */
export class PacketLines implements PacketTrace {
  readonly #lines: LogLines;
  readonly #wording: Wording;
  /** CONNECTs that are not answered yet, by client id. */
  readonly #connects = new Map<string, ConnectPacket>();

  /** Clients of 3.x, whose acknowledgements carry no reason code. */
  readonly #olderClients = new Set<string>();
  /** The PUBLISH that came last, which may be denied. */
  #lastPublish = { clientId: "", topicName: "", fields: "" };

  constructor(lines: LogLines, wording: Wording) {
    this.#lines = lines;
    this.#wording = wording;
  }

  /** Begins to tell what is not a packet but belongs between them. */
  attach(broker: Pick<Broker, "on">): void {
    broker.on("clientConnected", ({ clientId, sessionPresent, protocolVersion }) => {
      if (protocolVersion !== ProtocolVersion.MQTT_5_0) this.#olderClients.add(clientId);
      this.#onConnected(clientId, sessionPresent);
    });
    broker.on("clientDisconnected", ({ clientId }) => this.#olderClients.delete(clientId));
    broker.on("connectionRefused", ({ clientId }) => this.#connects.delete(clientId));
    broker.on("requestDenied", (denied) => this.#onDenied(denied));
  }

  onReceived(clientId: string, packet: TracedPacket): void {
    switch (packet.type) {
      case PacketType.CONNECT:
        this.#connects.set(clientId, packet);
        return;
      case PacketType.PUBLISH:
        this.#onPublish(clientId, packet);
        return;
      case PacketType.PUBACK:
      case PacketType.PUBREC:
      case PacketType.PUBREL:
      case PacketType.PUBCOMP:
        this.#debug(`Received ${nameOf(packet)} from ${clientId} (${this.#wording.received(packet)})`);
        return;
      case PacketType.SUBSCRIBE:
        this.#debug(`Received SUBSCRIBE from ${clientId}`);
        for (const { topicFilter, qos } of packet.subscriptions) this.#detail(`${topicFilter} (QoS ${qos})`);
        return;
      case PacketType.UNSUBSCRIBE:
        this.#debug(`Received UNSUBSCRIBE from ${clientId}`);
        for (const topicFilter of packet.topicFilters) this.#detail(topicFilter);
        return;
      default:
        this.#debug(`Received ${nameOf(packet)} from ${clientId}`);
    }
  }

  onSent(clientId: string, packet: TracedPacket): void {
    switch (packet.type) {
      case PacketType.CONNACK:
        // One that lets the client in is told of in `#onConnected`, below the line that says so.
        if (packet.reasonCode >= FIRST_REFUSAL) this.#onRefused(clientId, packet);
        return;
      case PacketType.PUBLISH:
        this.#debug(`Sending PUBLISH to ${clientId} (${publishFields(packet)})`, packet.topicName);
        return;
      case PacketType.PUBACK:
      case PacketType.PUBREC:
      case PacketType.PUBREL:
      case PacketType.PUBCOMP:
        this.#debug(
          `Sending ${nameOf(packet)} to ${clientId} (${this.#wording.sent(this.#asSent(clientId, packet))})`,
        );
        return;
      case PacketType.SUBACK:
        this.#debug(`Sending SUBACK to ${clientId}`);
        for (const [index, code] of packet.reasonCodes.entries()) {
          if (code >= FIRST_REFUSAL) this.#detail(`filter ${index + 1} refused: ${reasonName(code)}`);
        }
        return;
      case PacketType.DISCONNECT:
        this.#debug(`Sending DISCONNECT to ${clientId} (rc${packet.reasonCode})`);
        return;
      default:
        this.#debug(`Sending ${nameOf(packet)} to ${clientId}`);
    }
  }

  /** That nobody has subscribed is for 5.0 only. */
  #asSent(clientId: string, packet: AcknowledgementPacket): AcknowledgementPacket {
    const hasCode = packet.reasonCode >= FIRST_REFUSAL || !this.#olderClients.has(clientId);
    return hasCode ? packet : { ...packet, reasonCode: ReasonCode.SUCCESS };
  }

  #onPublish(clientId: string, packet: TracedPublish): void {
    const { topicName } = packet;
    const fields = publishFields(packet);
    this.#lastPublish = { clientId, topicName, fields };
    this.#debug(`Received PUBLISH from ${clientId} (${fields})`, topicName);
  }

  /** A PUBLISH that was decided later than the next one came is told by the warning alone. */
  #onDenied({ clientId, action, topic }: BrokerEvents["requestDenied"]): void {
    const { fields, ...last } = this.#lastPublish;
    if (action === "subscribe") this.#detail(`${topic} (denied)`);
    else if (action === "publish" && last.clientId === clientId && last.topicName === topic) {
      this.#debug(`Denied PUBLISH from ${clientId} (${fields})`, topic);
    }
  }

  #onConnected(clientId: string, sessionPresent: boolean): void {
    const will = this.#connects.get(clientId)?.will;
    this.#connects.delete(clientId);
    if (will === undefined) this.#debug("No will message specified.");
    else {
      const flags = `(r${will.retain ? 1 : 0}, q${will.qos})`;
      this.#debug(`Will message specified (${will.payload.length} bytes) ${flags}.`);
      this.#detail(will.topicName);
    }
    this.#connack(clientId, { sessionPresent, reasonCode: 0 });
  }

  /** In the codes of the client's version; of who did not say one, in those of 3.x. */
  #onRefused(clientId: string, { reasonCode }: Pick<ConnackPacket, "reasonCode">): void {
    const isNewer = this.#connects.get(clientId)?.protocolVersion === ProtocolVersion.MQTT_5_0;
    const code = isNewer ? reasonCode : (returnCodeOfReason(reasonCode) ?? reasonCode);
    this.#connack(nameOfClient(clientId), { sessionPresent: false, reasonCode: code });
  }

  #connack(
    clientId: string,
    connack: { readonly sessionPresent: boolean; readonly reasonCode: number },
  ): void {
    this.#debug(`Sending CONNACK to ${clientId} (${connack.sessionPresent ? 1 : 0}, ${connack.reasonCode})`);
  }

  #debug(text: string, about?: string): void {
    this.#lines.tell("debug", text, about === undefined ? {} : { about });
  }

  #detail(text: string): void {
    this.#lines.detail("debug", text);
  }
}

const names = new Map(Object.entries(PacketType).map(([name, type]) => [type, name]));

function nameOf({ type }: TracedPacket | AcknowledgementPacket): string {
  return names.get(type) ?? String(type);
}

/** `d0, q1, r0, m1, 'a/b', ... (5 bytes)` */
function publishFields({ dup, qos, retain, packetId, topicName, payloadLength }: TracedPublish): string {
  const flags = `d${dup ? 1 : 0}, q${qos}, r${retain ? 1 : 0}, m${packetId}`;
  return `${flags}, '${topicName}', ... (${payloadLength} bytes)`;
}
