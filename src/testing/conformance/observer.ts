/**
 * Watches one connection during every case and knows what no server may ever do on it, whatever the case is about:
 * packet identifiers in use, Receive Maximum, topic aliases, packet sizes, what may stand before CONNACK and behind
 * DISCONNECT. The format of single packets is `wire/read.ts`'s.
 */

import type { ProtocolVersion } from "#protocol";
import { ConformanceFailure } from "./failure.ts";
import type { WireProperties } from "./wire/properties.ts";
import type { PublishReceived, ServerPacket } from "./wire/read.ts";

export class Observer {
  readonly #version: ProtocolVersion;
  /** What the client's CONNECT said; empty for a connection written in raw bytes. */
  #limits: WireProperties | undefined;
  #connected = false;
  #disconnected = false;
  /** Outgoing PUBLISH of the server that are not yet acknowledged, by packet identifier. */
  readonly #unacknowledged = new Set<number>();
  readonly #aliases = new Map<number, string>();

  constructor(version: ProtocolVersion) {
    this.#version = version;
  }

  /** The client has sent a CONNECT with these properties. */
  connectSent(properties: WireProperties): void {
    this.#limits = properties;
  }

  /** The client has answered a PUBLISH: PUBACK, PUBCOMP, or PUBREC with an error. */
  acknowledged(packetId: number): void {
    this.#unacknowledged.delete(packetId);
  }

  /** The server has sent `packet`. Returns it with its topic alias resolved. */
  received(packet: ServerPacket): ServerPacket {
    if (this.#disconnected) this.#fail(`${packet.name} behind DISCONNECT`, "MQTT-3.14.4-1");
    if (this.#limits !== undefined) this.#checkLimits(packet, this.#limits);
    switch (packet.name) {
      case "CONNACK":
        if (this.#connected) this.#fail("a second CONNACK", "MQTT-3.2.0-2");
        this.#connected = true;
        return packet;
      case "AUTH":
        return packet;
      case "DISCONNECT":
        if (!this.#connected) this.#fail("DISCONNECT before CONNACK", "MQTT-3.14.0-1");
        this.#disconnected = true;
        return packet;
      case "PUBLISH":
        this.#checkConnected(packet);
        return this.#published(packet);
      default:
        this.#checkConnected(packet);
        return packet;
    }
  }

  #checkConnected(packet: ServerPacket): void {
    if (!this.#connected) this.#fail(`${packet.name} before CONNACK`, "MQTT-3.2.0-1");
  }

  #checkLimits(packet: ServerPacket, limits: WireProperties): void {
    if (packet.bytes.length > (limits.maximumPacketSize ?? Number.POSITIVE_INFINITY)) {
      const size = `${packet.name} of ${packet.bytes.length} bytes`;
      this.#fail(`${size}, but Maximum Packet Size is ${limits.maximumPacketSize}`, "MQTT-3.1.2-24");
    }
    if (limits.requestProblemInformation === 0 && "properties" in packet) {
      const { reasonString, userProperty } = packet.properties;
      const allowed = packet.name === "PUBLISH" || packet.name === "CONNACK" || packet.name === "DISCONNECT";
      if (!allowed && (reasonString !== undefined || userProperty !== undefined)) {
        this.#fail(`problem information in ${packet.name} though the client wants none`, "MQTT-3.1.2-29");
      }
    }
    if (packet.name === "CONNACK" && packet.properties.responseInformation !== undefined) {
      if (limits.requestResponseInformation !== 1)
        this.#fail("Response Information unasked", "MQTT-3.1.2-28");
    }
  }

  #published(packet: PublishReceived): PublishReceived {
    const { packetId, qos, dup } = packet;
    if (qos > 0) {
      if (!dup && this.#unacknowledged.has(packetId)) {
        const statement = this.#version === 5 ? "MQTT-2.2.1-4" : "MQTT-2.3.1-4";
        this.#fail(`packet identifier ${packetId} is in use already`, statement);
      }
      this.#unacknowledged.add(packetId);
      const maximum = this.#limits?.receiveMaximum ?? 65_535;
      if (this.#unacknowledged.size > maximum) {
        this.#fail(`more than ${maximum} PUBLISH unacknowledged (Receive Maximum)`, "MQTT-3.3.4-9");
      }
    }
    const alias = packet.properties.topicAlias;
    if (alias === undefined) return packet;
    const maximum = this.#limits?.topicAliasMaximum ?? 0;
    if (alias > maximum) {
      this.#fail(
        `Topic Alias ${alias}, but Topic Alias Maximum is ${maximum}`,
        maximum === 0 ? "MQTT-3.1.2-27" : "MQTT-3.1.2-26",
      );
    }
    if (packet.topic !== "") this.#aliases.set(alias, packet.topic);
    const topic = this.#aliases.get(alias);
    if (topic === undefined) return this.#fail(`Topic Alias ${alias} stands for no topic`, "U5-3.3.4b");
    return { ...packet, topic };
  }

  #fail(message: string, statement: string): never {
    throw new ConformanceFailure(
      `the server sent ${message}`,
      `${this.#version === 5 ? "5.0" : "3.1.1"}/${statement}`,
    );
  }
}
