/**
 * What clients do, in the log lines of mosquitto 2: people and programs know how to read them. Connections at level
 * `info`, packets at `debug`. Payloads and passwords are never shown.
 */

import type {
  Broker,
  BrokerEvents,
  DisconnectReason,
  PacketTrace,
  TracedPacket,
  TracedPublish,
} from "#broker";
import {
  type AcknowledgementPacket,
  type ConnackPacket,
  type ConnectPacket,
  FIRST_REFUSAL,
  PacketType,
  ProtocolVersion,
  reasonName,
} from "#protocol";
import type { LogLines } from "./output.ts";

/** mosquitto's numbers for the versions. */
const versionNumber: Readonly<Record<ProtocolVersion, number>> = {
  [ProtocolVersion.MQTT_3_1]: 1,
  [ProtocolVersion.MQTT_3_1_1]: 2,
  [ProtocolVersion.MQTT_5_0]: 5,
};

/** Tells of connections and their ends. */
export function logConnections(broker: Pick<Broker, "on">, lines: LogLines): void {
  broker.on("connectionAccepted", ({ address }) => {
    const from = `${address.remoteAddress}:${address.remotePort}`;
    lines.write("info", `New connection from ${from} on port ${address.localPort}.`);
  });
  broker.on("clientConnected", (client) => lines.write("info", connectedLine(client)));
  broker.on("clientDisconnected", ({ clientId, reason }) => lines.write("info", endLine(clientId, reason)));
  broker.on("connectionRefused", ({ clientId, reason }) => lines.write("info", endLine(clientId, reason)));
}

/** Tells of every packet. `logConnections` comes after it, so that a CONNACK stands below its client's line. */
export class PacketLines implements PacketTrace {
  readonly #lines: LogLines;
  /** CONNECTs that are not answered yet, by client id. */
  readonly #connects = new Map<string, ConnectPacket>();

  constructor(lines: LogLines) {
    this.#lines = lines;
  }

  /** Begins to tell what is not a packet but belongs between them. */
  attach(broker: Pick<Broker, "on">): void {
    broker.on("clientConnected", ({ clientId, sessionPresent }) =>
      this.#onConnected(clientId, sessionPresent),
    );
    broker.on("connectionRefused", ({ clientId }) => this.#connects.delete(clientId));
    broker.on("subscribed", ({ clientId, topicFilter, qos }) =>
      this.#debug(`${clientId} ${qos} ${topicFilter}`),
    );
    broker.on("unsubscribed", ({ clientId, topicFilter }) => this.#debug(`${clientId} ${topicFilter}`));
    broker.on("messageUndelivered", (undelivered) => this.#onUndelivered(undelivered));
  }

  onReceived(clientId: string, packet: TracedPacket): void {
    switch (packet.type) {
      case PacketType.CONNECT:
        this.#connects.set(clientId, packet);
        return;
      case PacketType.PUBLISH:
        this.#debug(`Received PUBLISH from ${clientId} (${publishFields(packet)})`);
        return;
      case PacketType.PUBACK:
      case PacketType.PUBCOMP:
        this.#debug(
          `Received ${nameOf(packet)} from ${clientId} (Mid: ${packet.packetId}, RC:${packet.reasonCode})`,
        );
        return;
      case PacketType.PUBREC:
      case PacketType.PUBREL:
        this.#debug(`Received ${nameOf(packet)} from ${clientId} (Mid: ${packet.packetId})`);
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
        if (packet.reasonCode >= FIRST_REFUSAL) this.#connack(clientId, packet);
        return;
      case PacketType.PUBLISH:
        this.#debug(`Sending PUBLISH to ${clientId} (${publishFields(packet)})`);
        return;
      case PacketType.PUBACK:
      case PacketType.PUBREC:
        this.#debug(`Sending ${nameOf(packet)} to ${clientId} (m${packet.packetId}, rc${packet.reasonCode})`);
        return;
      case PacketType.PUBREL:
      case PacketType.PUBCOMP:
        this.#debug(`Sending ${nameOf(packet)} to ${clientId} (m${packet.packetId})`);
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

  #connack(clientId: string, connack: Pick<ConnackPacket, "sessionPresent" | "reasonCode">): void {
    this.#debug(`Sending CONNACK to ${clientId} (${connack.sessionPresent ? 1 : 0}, ${connack.reasonCode})`);
  }

  #onUndelivered({ kind, clientId, publisherId, topicName }: BrokerEvents["messageUndelivered"]): void {
    if (kind === "no-subscriber" && publisherId === "") return; // $SYS, every few seconds
    const receiver = clientId === "" ? "" : ` to ${clientId}`;
    this.#debug(`Not delivered${receiver}: '${topicName}' from ${publisherId} (${kind})`);
  }

  #debug(text: string): void {
    this.#lines.write("debug", text);
  }

  #detail(text: string): void {
    this.#lines.writeDetail("debug", text);
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

function connectedLine(client: BrokerEvents["clientConnected"]): string {
  const { clientId, userName, protocolVersion, cleanStart, keepAliveSeconds, address } = client;
  const user = userName === undefined ? "" : `, u'${userName}'`;
  const from =
    address.remotePort === 0 ? address.transport : `${address.remoteAddress}:${address.remotePort}`;
  const fields = `p${versionNumber[protocolVersion]}, c${cleanStart ? 1 : 0}, k${keepAliveSeconds}${user}`;
  return `New client connected from ${from} as ${clientId} (${fields}).`;
}

function endLine(clientId: string, { kind, reasonCode, detail }: DisconnectReason): string {
  const client = clientId === "" ? "<unknown>" : clientId;
  const why = detail === undefined ? "" : ` ${detail}`;
  switch (kind) {
    case "client-disconnected":
      return `Client ${client} disconnected.`;
    case "connection-closed":
      return `Client ${client} closed its connection.`;
    case "connection-lost":
      return `Client ${client} lost its connection.${why}`;
    case "keep-alive-timeout":
      return `Client ${client} has exceeded timeout, disconnecting.`;
    case "connect-timeout":
      return `Client ${client} sent no CONNECT in time, disconnecting.`;
    case "decision-timeout":
      return `Client ${client} disconnected, a permission or a hook was not decided in time.`;
    case "malformed-packet":
      return `Client ${client} disconnected due to malformed packet.${why}`;
    case "protocol-error":
      return `Client ${client} disconnected due to protocol error.${why}`;
    case "connect-refused":
      return `Client ${client} refused: ${reasonName(reasonCode)}.${why}`;
    case "session-taken-over":
      return `Client ${client} already connected, closing old connection.`;
    case "authentication-failed":
      return `Client ${client} disconnected, not authorised.${why}`;
    case "login-expired":
      return `Client ${client} disconnected, its login has expired.`;
    case "login-withdrawn":
      return `Client ${client} disconnected, its login is no longer good.`;
    case "rate-exceeded":
      return `Client ${client} disconnected, it sends too much.${why}`;
    case "administrative-action":
      return `Client ${client} disconnected by the program.${why}`;
    case "server-shutting-down":
      return `Client ${client} disconnected, the broker stops.`;
    case "internal-error":
      return `Client ${client} disconnected after a bug in Martlet.`;
  }
}
