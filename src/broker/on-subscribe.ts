/**
 * SUBSCRIBE (section 3.8): each filter is judged by itself, in order, and has its own code in the one SUBACK
 * [MQTT-3.8.4-5], [MQTT-3.8.4-6]. Retained messages follow the SUBACK.
 */

import type { Denied } from "#auth";
import { isPromise, type MaybePromise } from "#base";
import type { SubscribeDraft } from "#hooks";
import {
  FIRST_REFUSAL,
  isSharedFilter,
  PacketType,
  type ParsedTopicFilter,
  ProtocolError,
  parseTopicFilter,
  ReasonCode,
  RetainHandling,
  type SubscribePacket,
  type SubscriptionRequest,
} from "#protocol";
import type { Channel } from "./channel.ts";
import { isAllowed } from "./permissions.ts";
import { legalReason, subackRefusals } from "./refusal-codes.ts";
import { DeliveryTerms } from "./route.ts";
import { Subscription } from "./subscription.ts";
import { isFilterTooLong } from "./topic-limits.ts";

interface Progress {
  readonly packet: SubscribePacket;
  /** With the broker's topic filters. */
  readonly requests: readonly SubscriptionRequest[];
  readonly identifier: number;
  readonly reasonCodes: ReasonCode[];
}

export function onSubscribe(channel: Channel, packet: SubscribePacket): void {
  const identifier = packet.properties.subscriptionIdentifiers?.[0] ?? 0;
  if (identifier !== 0 && !channel.settings.subscriptionIdentifierAvailable) {
    throw new ProtocolError(
      "Subscription identifiers are not available.",
      "U5-3.2.2.3.12b",
      ReasonCode.SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED,
    );
  }
  const { mount } = channel;
  const requests =
    mount === undefined ? packet.subscriptions : packet.subscriptions.map((each) => mount.requestOf(each));
  judgeFrom(channel, { packet, requests, identifier, reasonCodes: [] });
}

/** Goes on with the next filter; waits where the gate or a hook has to. */
function judgeFrom(channel: Channel, progress: Progress): void {
  const { requests, reasonCodes } = progress;
  while (reasonCodes.length < requests.length) {
    const request = requests[reasonCodes.length] as SubscriptionRequest;
    const verdict = judge(channel, request);
    if (isPromise(verdict)) {
      channel.waitFor(verdict, (settled) => {
        reasonCodes.push(subscribe(channel, progress, settled));
        judgeFrom(channel, progress);
      });
      return;
    }
    reasonCodes.push(subscribe(channel, progress, verdict));
  }
  answer(channel, progress);
}

/** The request as hooks leave it, or why it is refused. */
function judge(
  channel: Channel,
  request: SubscriptionRequest,
): MaybePromise<SubscriptionRequest | ReasonCode> {
  const refusal = refusalOf(channel, request);
  if (refusal !== undefined) return refusal;
  const { gate, hooks } = channel.core;
  const { identity } = channel;
  if (gate.maySubscribe !== undefined && identity !== undefined) {
    const filter = parseTopicFilter(request.topicFilter)?.filter ?? request.topicFilter;
    const may = gate.maySubscribe(identity, filter, request.qos);
    if (isPromise(may)) {
      return may.then((settled) =>
        isAllowed(settled) ? askHooks(channel, request) : deny(channel, filter, settled),
      );
    }
    if (!isAllowed(may)) return deny(channel, filter, may);
  }
  return hooks.has("subscribe") ? askHooks(channel, request) : request;
}

function deny({ core, client }: Channel, filter: string, denied: false | Denied): ReasonCode {
  core.denied(client, "subscribe", filter, denied);
  return ReasonCode.NOT_AUTHORIZED;
}

function askHooks(
  channel: Channel,
  request: SubscriptionRequest,
): MaybePromise<SubscriptionRequest | ReasonCode> {
  const { hooks } = channel.core;
  if (!hooks.has("subscribe")) return request;
  const draft: SubscribeDraft = {
    client: channel.client,
    topicFilter: request.topicFilter,
    qos: request.qos,
  };
  const changed = (): SubscriptionRequest | ReasonCode => {
    const result = { ...request, topicFilter: draft.topicFilter, qos: draft.qos };
    return refusalOf(channel, result) ?? result;
  };
  const verdict = hooks.run("subscribe", draft);
  if (isPromise(verdict)) return verdict.then((refusal) => refusal?.refused ?? changed());
  return verdict?.refused ?? changed();
}

/** What this broker does not grant, whoever asks. */
function refusalOf(channel: Channel, { topicFilter }: SubscriptionRequest): ReasonCode | undefined {
  const { settings } = channel;
  const filter = parseTopicFilter(topicFilter);
  if (filter === undefined) return ReasonCode.TOPIC_FILTER_INVALID;
  if (isFilterTooLong(topicFilter, filter, settings)) {
    channel.core.limits.reached("topic", channel.subject);
    return ReasonCode.TOPIC_FILTER_INVALID;
  }
  if (filter.hasWildcards && !settings.wildcardSubscriptionAvailable) {
    return ReasonCode.WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED; // [U5-3.2.2.3.11b]
  }
  if (isSharedFilter(topicFilter) && !settings.sharedSubscriptionAvailable) {
    return ReasonCode.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED; // [U5-3.2.2.3.13b]
  }
  const { subscriptions } = channel.connectedSession;
  if (subscriptions.size >= settings.maximumSubscriptions && subscriptions.get(topicFilter) === undefined) {
    channel.core.limits.reached("subscriptions", channel.subject);
    return ReasonCode.QUOTA_EXCEEDED;
  }
  return undefined;
}

function subscribe(
  channel: Channel,
  progress: Progress,
  verdict: SubscriptionRequest | ReasonCode,
): ReasonCode {
  if (channel.phase === "closed") return ReasonCode.UNSPECIFIED_ERROR;
  if (typeof verdict === "number") return legalReason(verdict, subackRefusals);
  const session = channel.connectedSession;
  const { tree, topics, events, durable } = channel.core;
  const filter = parseTopicFilter(verdict.topicFilter) as ParsedTopicFilter;
  const held = session.subscriptions.get(verdict.topicFilter);
  if (wantsRetained(filter, verdict, { isNew: held === undefined })) {
    const identifiers = progress.identifier === 0 ? undefined : [progress.identifier];
    session.addRetained({
      topicFilter: verdict.topicFilter,
      cursor: channel.core.retained.cursor(filter.levels),
      terms: new DeliveryTerms(verdict.qos, true, identifiers, undefined, true),
    });
  }
  const subscription = new Subscription(session, verdict.topicFilter, {
    qos: verdict.qos,
    // A bridge of 3.x does not get its own messages back and sees RETAIN as it was published.
    noLocal: verdict.noLocal || channel.isBridge,
    retainAsPublished: verdict.retainAsPublished || channel.isBridge,
    identifier: progress.identifier,
    group: filter.shareName === undefined ? undefined : tree.groupOf(filter),
  });
  tree.add(filter, subscription, held);
  session.subscriptions.set(subscription);
  if (session.recordId !== 0) durable?.subscribe(session, subscription, held);
  topics.expect(tree.size);
  events.emit("subscribed", {
    clientId: session.clientId,
    topicFilter: verdict.topicFilter,
    qos: verdict.qos,
  });
  return verdict.qos;
}

function answer(channel: Channel, { packet, reasonCodes }: Progress): void {
  if (channel.phase === "closed") return;
  const { outbound } = channel;
  const refused = reasonCodes.find((code) => code >= FIRST_REFUSAL);
  const properties =
    refused !== undefined && outbound.isVersion5 && outbound.wantsProblemInformation
      ? { reasonString: refusalText(refused) }
      : {};
  // [MQTT-3.8.4-1]
  outbound.sendOrClose({ type: PacketType.SUBACK, packetId: packet.packetId, reasonCodes, properties });
  channel.session?.sendRetained();
}

/** None for shared subscriptions (section 4.8.2), and as Retain Handling says [MQTT-3.3.1-9] to [MQTT-3.3.1-11]. */
function wantsRetained(
  filter: ParsedTopicFilter,
  { retainHandling }: SubscriptionRequest,
  { isNew }: { readonly isNew: boolean },
): boolean {
  if (filter.shareName !== undefined || retainHandling === RetainHandling.DO_NOT_SEND) return false;
  return isNew || retainHandling !== RetainHandling.SEND_IF_NEW;
}

function refusalText(code: ReasonCode): string {
  switch (code) {
    case ReasonCode.TOPIC_FILTER_INVALID:
      return "A topic filter is not valid, or is too long.";
    case ReasonCode.NOT_AUTHORIZED:
      return "A topic filter is not allowed for this client.";
    case ReasonCode.QUOTA_EXCEEDED:
      return "Too many subscriptions.";
    case ReasonCode.WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED:
      return "This broker does not offer wildcards.";
    case ReasonCode.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED:
      return "This broker does not offer shared subscriptions.";
    default:
      return "A subscription was refused.";
  }
}
