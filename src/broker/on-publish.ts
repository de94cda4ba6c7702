/**
 * PUBLISH from the client (section 3.3): alias → Receive Maximum → topic name → may it publish? → hooks → route →
 * acknowledge. HOT.
 *
 * The usual message goes straight through without an object or a promise. Where the gate or a hook has to wait, the message
 * is copied and this one channel waits.
 */

import { isPromise } from "#base";
import { type Refusal, refuse } from "#hooks";
import {
  forwardableProperties,
  NO_EXPIRY,
  PacketType,
  ProtocolError,
  type PublishView,
  type Qos,
  ReasonCode,
  utf8Problem,
} from "#protocol";
import type { Channel } from "./channel.ts";
import { judgePublish } from "./judge-publish.ts";
import { Message } from "./message.ts";
import { LARGE_PAYLOAD } from "./output.ts";
import { legalReason, publishRefusals } from "./refusal-codes.ts";
import type { PublishDecision } from "./session.ts";
import type { Topic } from "./topic.ts";
import { isPayloadWithin, topicProblem } from "./topic-limits.ts";

const delivered: PublishDecision = { reasonCode: ReasonCode.SUCCESS };
const storeTrouble = refuse(ReasonCode.QUOTA_EXCEEDED, "Nothing can be stored at the moment.");
const payloadTooLarge = refuse(ReasonCode.IMPLEMENTATION_SPECIFIC_ERROR, "The payload is too large.");
const noSubscribers: PublishDecision = { reasonCode: ReasonCode.NO_MATCHING_SUBSCRIBERS };

/** Returns whether the message has joined a run that others may join unseen. */
export function onPublish(channel: Channel, view: PublishView): boolean {
  const { core } = channel;
  const { metrics } = core;
  metrics.packetsReceived++;
  metrics.publishReceived++;
  metrics.publishBytesReceived += view.end - view.payloadStart;
  const topic = topicOf(channel, view);
  if (core.trace !== undefined) traceReceived(channel, view, topic);

  if (isPlain(channel, view, topic) && (view.qos === 0 || isTaken(channel, view))) {
    core.router.run.add(view, topic, channel);
    // Those behind it may be larger.
    return channel.settings.maximumPayloadBytes === 0;
  }
  core.router.run.flush();
  onPublishInFull(channel, view, topic);
  return false;
}

/** Nothing in the message, and nobody, could make a difference to it: it may travel in a run. */
function isPlain(channel: Channel, view: PublishView, topic: Topic): boolean {
  const { core, settings } = channel;
  return (
    !view.retain &&
    view.propertiesStart === view.propertiesEnd &&
    view.qos <= settings.maximumQos &&
    (view.qos === 0 || view.end - view.start < LARGE_PAYLOAD) &&
    (settings.maximumPayloadBytes === 0 || view.end - view.payloadStart <= settings.maximumPayloadBytes) &&
    topic.levels <= settings.maximumTopicLevels &&
    topic.bytes.length <= settings.maximumTopicBytes &&
    !topic.isReserved &&
    channel.mount === undefined &&
    core.passesPlainly &&
    (core.gate.mayPublish === undefined || isKnownToPublish(channel, topic, view.qos))
  );
}

function isKnownToPublish({ session }: Channel, topic: Topic, qos: Qos): boolean {
  return session?.permissions?.isKnownToPublish(topic, qos) === true;
}

/** Takes the message over. Returns false for a QoS 2 message that comes again. */
function isTaken(channel: Channel, { qos, packetId }: PublishView): boolean {
  const { receiver } = channel.connectedSession;
  if (qos === 2) return receiver.onQos2(packetId);
  receiver.onQos1();
  return true;
}

/** A message that went through in a run is acknowledged. */
export function onRunDelivered(channel: Channel, qos: Qos, packetId: number, matched: number): void {
  const { core, connectedSession: session } = channel;
  if (qos === 2 && session.recordId !== 0) core.durable?.receive(session, packetId);
  acknowledge(channel, qos, packetId, matched > 0 ? delivered : noSubscribers);
}

/** The alias is resolved before anything is judged, so that nothing is ever judged by an empty topic. */
function topicOf(channel: Channel, view: PublishView): Topic {
  const { bytes, topicStart, topicEnd, topicAlias } = view;
  if (topicEnd === topicStart) return channel.aliasesIn.get(topicAlias);
  let topic = channel.lastTopic;
  if (channel.mount !== undefined) topic = channel.mount.topicOf(bytes, topicStart, topicEnd, view.version);
  else if (topic === undefined || !topic.equals(bytes, topicStart, topicEnd)) {
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
  if (qos > 0 && !isTaken(channel, view)) {
    onRepeat(channel, packetId);
    return;
  }

  const message = core.router.transit;
  message.reuse(topic, view.bytes, view.payloadStart, view.end, qos, view.retain);
  message.publisherId = session.clientId;
  if (view.retain && core.settings.checkRetainedSource) message.source = channel.identity?.source;
  if (view.propertiesStart !== view.propertiesEnd) {
    message.properties = forwardableProperties(view);
    if (view.messageExpiryInterval !== NO_EXPIRY) {
      message.expiresAt = core.now() + view.messageExpiryInterval * 1000;
    }
  }
  const verdict =
    sizeRefusal(channel, view) ??
    formatRefusal(channel, view) ??
    topicRefusal(channel, topic) ??
    judgePublish(core, message, channel.client, session.permissions);
  if (!isPromise(verdict)) {
    const result = verdict instanceof Message ? verdict : message;
    acknowledge(channel, qos, packetId, decide(channel, result, qos, packetId, verdict));
    return;
  }
  const kept = message.keep();
  const decision = verdict.then((settled) => {
    if (qos === 2) session.undecided.delete(packetId);
    return decide(channel, settled instanceof Message ? settled : kept, qos, packetId, settled);
  });
  if (qos === 2) session.undecided.set(packetId, decision);
  channel.waitFor(decision, (settled) => acknowledge(channel, qos, packetId, settled));
}

/** A QoS 2 message comes again: it is answered again and not passed on again [MQTT-4.3.3-10]. */
function onRepeat(channel: Channel, packetId: number): void {
  const undecided = channel.connectedSession.undecided.get(packetId);
  if (undecided === undefined) {
    channel.outbound.hold(); // what it came with may not be in the store yet
    acknowledge(channel, 2, packetId, delivered);
  }
  // Its first coming, over a connection that broke, still waits for the gate or a hook.
  else channel.waitFor(undecided, (settled) => acknowledge(channel, 2, packetId, settled));
}

/** What the CONNACK said this broker does not do. */
function checkCapabilities(channel: Channel, view: PublishView): void {
  const { settings } = channel;
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

/** A payload that is not passed on for its size. */
function sizeRefusal({ core, settings, subject }: Channel, view: PublishView): Refusal | undefined {
  if (isPayloadWithin(view.end - view.payloadStart, settings)) return undefined;
  core.limits.reached("payload-size", subject);
  return payloadTooLarge;
}

/** A payload that claims to be text and is not, where that is checked. */
function formatRefusal(channel: Channel, view: PublishView): Refusal | undefined {
  if (!channel.settings.checkPayloadFormat || !view.payloadFormatIndicator) return undefined;
  if (utf8Problem(view.bytes, view.payloadStart, view.end) === undefined) return undefined;
  return refuse(ReasonCode.PAYLOAD_FORMAT_INVALID, "The payload is not UTF-8."); // [U5-3.3.2.3.2]
}

/** A topic that is more than this client may have. */
function topicRefusal(channel: Channel, topic: Topic): Refusal | undefined {
  const problem = topicProblem(topic, channel.settings);
  if (problem === undefined) return undefined;
  channel.core.limits.reached("topic", channel.subject);
  return refuse(ReasonCode.TOPIC_NAME_INVALID, problem);
}

/** Routes the message or records why not. */
function decide(
  channel: Channel,
  message: Message,
  qos: Qos,
  packetId: number,
  verdict: Message | Refusal | undefined,
): PublishDecision {
  const { core } = channel;
  const session = channel.connectedSession;
  core.durable?.begin();
  if (verdict === undefined || verdict instanceof Message) {
    if (core.cannotStore(message)) {
      if (channel.isVersion5) return refused(channel, message, qos, packetId, storeTrouble);
      // 3.x has no words for it: the message is taken, its acknowledgement comes later, and no other message before that.
      core.waitForStore(channel.connection);
    }
    if (message.topic.isControl) {
      core.control.handle(message, session, channel.client);
      return delivered;
    }
    core.announce(message);
    if (qos === 2 && session.recordId !== 0) core.durable?.receive(session, packetId);
    const matched = core.router.publish(message, session);
    return matched > 0 ? delivered : noSubscribers;
  }
  return refused(channel, message, qos, packetId, verdict);
}

function refused(
  channel: Channel,
  message: Message,
  qos: Qos,
  packetId: number,
  verdict: Refusal,
): PublishDecision {
  const kind = verdict === payloadTooLarge ? "payload-too-large" : "publish-refused";
  channel.core.outcomes.record(kind, "", message);
  // In 3.x a refused message is acknowledged like any other [3.1.1/MQTT-3.3.5-2], so its identifier stays taken.
  if (qos === 2 && channel.isVersion5) channel.connectedSession.receiver.refuse(packetId); // [MQTT-4.3.3-9]
  return { reasonCode: legalReason(verdict.refused, publishRefusals), reasonString: verdict.reasonString };
}

/**
 * The only step back. `qos` is the packet's own, which decides how it is answered whatever hooks made of the message
 * [MQTT-3.3.4-1]. When the client has gone meanwhile, it is nobody's acknowledgement any more.
 */
function acknowledge(channel: Channel, qos: Qos, packetId: number, decision: PublishDecision): void {
  if (qos === 0 || channel.phase === "closed") return;
  if (qos === 1) channel.connectedSession.receiver.acknowledged();
  const type = qos === 1 ? PacketType.PUBACK : PacketType.PUBREC;
  channel.outbound.acknowledge(type, packetId, decision.reasonCode, decision.reasonString);
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
