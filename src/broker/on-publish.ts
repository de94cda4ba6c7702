/**
 * PUBLISH from the client (section 3.3): alias → Receive Maximum → topic name → may it publish? → hooks → route →
 * acknowledge. HOT.
 *
 * The usual message goes straight through without an object or a promise. Where the gate or a hook has to wait, the message
 * is copied and this one channel waits.
 */

import { isPromise, type MaybePromise } from "#base";
import type { PublishDraft, Refusal } from "#hooks";
import {
  decodePublishProperties,
  FIRST_REFUSAL,
  forwardableProperties,
  NO_EXPIRY,
  PacketType,
  ProtocolError,
  ProtocolVersion,
  type PublishView,
  type Qos,
  ReasonCode,
  topicNameProblem,
  utf8Problem,
} from "#protocol";
import type { Channel } from "./channel.ts";
import type { BrokerCore } from "./core.ts";
import { Message } from "./message.ts";
import { setProperties } from "./publish-properties.ts";
import { legalReason, publishRefusals } from "./refusal-codes.ts";
import type { Topic } from "./topic.ts";
import { waitFor } from "./wait-for.ts";

export function onPublish(channel: Channel, view: PublishView): void {
  const { core } = channel;
  const { metrics } = core;
  metrics.packetsReceived++;
  metrics.publishReceived++;
  metrics.publishBytesReceived += view.end - view.payloadStart;
  const topic = topicOf(channel, view);
  if (core.trace !== undefined) traceReceived(channel, view, topic);

  const isPlain = view.qos === 0 && !view.retain && view.propertiesStart === view.propertiesEnd;
  if (isPlain && core.passesPlainly && topic.levels <= core.settings.maximumTopicLevels && !topic.isSystem) {
    core.router.run.add(view, topic, channel.connectedSession);
    return;
  }
  core.router.run.flush();
  onPublishInFull(channel, view, topic);
}

/** The alias is resolved before anything is judged, so that nothing is ever judged by an empty topic. */
function topicOf(channel: Channel, view: PublishView): Topic {
  const { bytes, topicStart, topicEnd, topicAlias } = view;
  if (topicEnd === topicStart) return channel.aliasesIn.get(topicAlias);
  let topic = channel.lastTopic;
  if (topic === undefined || !topic.equals(bytes, topicStart, topicEnd)) {
    topic = channel.core.topics.resolve(bytes, topicStart, topicEnd, view.version);
    channel.lastTopic = topic;
  }
  if (topicAlias !== 0) channel.aliasesIn.set(topicAlias, topic);
  return topic;
}

function onPublishInFull(channel: Channel, view: PublishView, topic: Topic): void {
  const { core } = channel;
  const { qos, packetId } = view;
  const session = channel.connectedSession;
  checkCapabilities(channel, view);
  if (qos === 1) session.receiver.onQos1();
  else if (qos === 2 && !session.receiver.onQos2(packetId)) {
    channel.acknowledge(PacketType.PUBREC, packetId, ReasonCode.SUCCESS); // a repeat [MQTT-4.3.3-10]
    return;
  }

  const message = core.router.transit;
  message.reuse(topic, view.bytes, view.payloadStart, view.end, qos, view.retain);
  message.publisherId = session.clientId;
  if (view.propertiesStart !== view.propertiesEnd) {
    message.properties = forwardableProperties(view);
    if (view.messageExpiryInterval !== NO_EXPIRY) {
      message.expiresAt = core.now() + view.messageExpiryInterval * 1000;
    }
  }
  const refusal = refusalOf(channel, view, topic);
  if (refusal !== undefined) {
    finish(channel, message, qos, packetId, refusal);
    return;
  }
  const verdict = judge(channel, message);
  if (!isPromise(verdict)) {
    finish(channel, verdict instanceof Message ? verdict : message, qos, packetId, verdict);
    return;
  }
  const kept = message.keep();
  waitFor(channel, verdict, (settled) => {
    finish(channel, settled instanceof Message ? settled : kept, qos, packetId, settled);
  });
}

/** What the CONNACK said this broker does not do. */
function checkCapabilities(channel: Channel, view: PublishView): void {
  const { settings } = channel.core;
  if (view.qos > settings.maximumQos) {
    const detail = `QoS ${view.qos}; this broker takes at most ${settings.maximumQos}.`;
    throw new ProtocolError(
      detail,
      channel.statement("U5-3.2.2.3.4b", "MQTT-4.8.0-1"),
      ReasonCode.QOS_NOT_SUPPORTED,
    );
  }
  if (view.retain && !settings.retainAvailable) {
    const statement = channel.statement("U5-3.2.2.3.5b", "MQTT-4.8.0-1");
    throw new ProtocolError(
      "Retained messages are not available.",
      statement,
      ReasonCode.RETAIN_NOT_SUPPORTED,
    );
  }
}

/** What this broker does not take, whoever sends it. */
function refusalOf(channel: Channel, view: PublishView, topic: Topic): Refusal | undefined {
  const { settings } = channel.core;
  if (topic.levels > settings.maximumTopicLevels) {
    const reasonString = `At most ${settings.maximumTopicLevels} topic levels.`;
    return { refused: ReasonCode.TOPIC_NAME_INVALID, reasonString };
  }
  if (topic.isSystem)
    return { refused: ReasonCode.NOT_AUTHORIZED, reasonString: "$SYS belongs to the broker." };
  if (settings.checkPayloadFormat && view.payloadFormatIndicator) {
    if (utf8Problem(view.bytes, view.payloadStart, view.end) !== undefined) {
      return { refused: ReasonCode.PAYLOAD_FORMAT_INVALID, reasonString: "The payload is not UTF-8." }; // [U5-3.3.2.3.2]
    }
  }
  return undefined;
}

/** The message as hooks leave it (or undefined: as it is), or why it is refused. */
function judge(channel: Channel, message: Message): MaybePromise<Message | Refusal | undefined> {
  const { gate, hooks } = channel.core;
  if (gate.mayPublish !== undefined && channel.identity !== undefined) {
    const may = gate.mayPublish(channel.identity, message.topic.name, message.qos, message.retain);
    if (isPromise(may)) {
      const kept = message.keep();
      return may.then((settled) => (settled ? askHooks(channel, kept) : notAuthorized));
    }
    if (!may) return notAuthorized;
  }
  return hooks.has("publish") ? askHooks(channel, message.keep()) : undefined;
}

const notAuthorized: Refusal = { refused: ReasonCode.NOT_AUTHORIZED };

function askHooks(channel: Channel, message: Message): MaybePromise<Message | Refusal | undefined> {
  const client = {
    clientId: channel.clientId,
    userName: channel.identity?.userName,
    protocolVersion: channel.version,
    address: channel.connection.pipe.peer,
  };
  return runPublishHooks(channel.core, message, client);
}

/** Runs the publish hooks on `message`; the result stands for whatever they made of it. */
export function runPublishHooks(
  core: BrokerCore,
  message: Message,
  client: PublishDraft["client"],
): MaybePromise<Message | Refusal | undefined> {
  if (!core.hooks.has("publish")) return undefined;
  const draft: PublishDraft = {
    client,
    topicName: message.topic.name,
    payload: message.payload,
    qos: message.qos,
    retain: message.retain,
    properties: decodePublishProperties(message.properties, 0, message.properties.length),
  };
  const changed = (): Message | Refusal => {
    if (topicNameProblem(draft.topicName) !== undefined) return { refused: ReasonCode.TOPIC_NAME_INVALID };
    const topic = core.topics.of(draft.topicName, ProtocolVersion.MQTT_5_0);
    const result = Message.of(topic, draft.payload, draft.qos, draft.retain);
    setProperties(result, draft.properties, core.now());
    if (draft.properties.messageExpiryInterval === undefined) result.expiresAt = message.expiresAt;
    result.publisherId = message.publisherId;
    return result;
  };
  const verdict = core.hooks.run("publish", draft);
  if (isPromise(verdict)) return verdict.then((refusal) => refusal ?? changed());
  return verdict ?? changed();
}

/**
 * Routes the message or records why not, then acknowledges: the only step back. `qos` is the packet's own, which decides
 * how it is answered whatever hooks made of the message [MQTT-3.3.4-1].
 */
function finish(
  channel: Channel,
  message: Message,
  qos: Qos,
  packetId: number,
  verdict: Message | Refusal | undefined,
): void {
  const { core } = channel;
  const session = channel.connectedSession;
  let reasonCode: ReasonCode = ReasonCode.SUCCESS;
  let reasonString: string | undefined;
  if (verdict === undefined || verdict instanceof Message) {
    core.announce(message);
    if (core.router.publish(message, session) === 0) reasonCode = ReasonCode.NO_MATCHING_SUBSCRIBERS;
  } else {
    core.outcomes.record("publish-refused", "", message);
    reasonCode = legalReason(verdict.refused, publishRefusals);
    reasonString = verdict.reasonString;
  }
  if (qos === 0) return;
  // In 3.x a refused message is acknowledged like any other [3.1.1/MQTT-3.3.5-2].
  // An answer that comes when the client has gone is nobody's acknowledgement any more.
  if (qos === 1 && channel.phase !== "closed") session.receiver.acknowledged();
  if (qos === 2 && reasonCode >= FIRST_REFUSAL && channel.isVersion5) session.receiver.refuse(packetId); // [MQTT-4.3.3-9]
  if (channel.phase === "closed") return;
  channel.acknowledge(qos === 1 ? PacketType.PUBACK : PacketType.PUBREC, packetId, reasonCode, reasonString);
}

function traceReceived(channel: Channel, view: PublishView, topic: Topic): void {
  const { qos, retain, dup, packetId } = view;
  const payloadLength = view.end - view.payloadStart;
  channel.core.trace?.onReceived(channel.clientId, {
    type: PacketType.PUBLISH,
    topicName: topic.name,
    qos,
    retain,
    dup,
    packetId,
    payloadLength,
  });
}
