/**
 * May this message be published, and as what? The same questions for a PUBLISH and for a will: topic, gate, hooks. The
 * program's own messages only meet the hooks.
 */

import type { Denied, Identity, Permission } from "#auth";
import { describeError, isPromise, type MaybePromise } from "#base";
import { type PublishDraft, type Refusal, refuse } from "#hooks";
import { decodePublishProperties, type ProtocolVersion, ReasonCode } from "#protocol";
import type { BrokerCore } from "./core.ts";
import type { Message } from "./message.ts";
import { isAllowed, type Permissions } from "./permissions.ts";
import { messageOf } from "./publish-request.ts";
import type { TopicLimits } from "./topic-limits.ts";

/** A client that publishes, as the gate and hooks see it. */
export interface PublishingClient extends Identity {
  readonly protocolVersion: ProtocolVersion;
  /** Of its topics; undefined: as the broker has it. */
  readonly limits?: TopicLimits | undefined;
}

const notAuthorized = refuse(ReasonCode.NOT_AUTHORIZED);

/**
 * The message as hooks leave it (or undefined: as it is), or why it is refused. `permissions` remembers what the gate says;
 * there is none for a will, whose client has gone.
 */
export function judgePublish(
  core: BrokerCore,
  message: Message,
  client: PublishingClient,
  permissions?: Permissions,
): MaybePromise<Message | Refusal | undefined> {
  const { topic, qos, retain } = message;
  if (topic.isSystem && !isOwnState(topic.name, client)) {
    return refuse(ReasonCode.NOT_AUTHORIZED, "$SYS belongs to the broker.");
  }
  if (core.gate.mayPublish !== undefined) {
    const may =
      permissions === undefined
        ? core.gate.mayPublish(client, topic.name, qos, retain)
        : permissions.mayPublish(topic, qos, retain);
    if (isPromise(may)) {
      const kept = message.keep();
      return may.then((settled) => afterGate(core, kept, client, settled));
    }
    if (!isAllowed(may)) return deny(core, message, client, may);
  } else if (topic.isControl) return notAuthorized; // whoever may is not known
  return core.hooks.has("publish") ? runPublishHooks(core, message.keep(), client) : undefined;
}

/** Where a bridge says, here as in mosquitto, whether it is connected; each may speak for itself only. */
function isOwnState(topicName: string, { clientId }: Identity): boolean {
  return topicName === `$SYS/broker/connection/${clientId}/state`;
}

function afterGate(
  core: BrokerCore,
  message: Message,
  client: PublishingClient,
  may: Permission,
): MaybePromise<Message | Refusal | undefined> {
  return isAllowed(may) ? runPublishHooks(core, message, client) : deny(core, message, client, may);
}

function deny(core: BrokerCore, { topic }: Message, client: Identity, denied: false | Denied): Refusal {
  core.denied(client, "publish", topic.name, denied);
  return notAuthorized;
}

/**
 * What the hooks make of `message`: another message, a refusal, or undefined when there are none. A draft that is left in a
 * state that cannot be sent is reported and refused.
 */
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
    try {
      const result = messageOf(draft, core.topics, core.now());
      if (draft.properties.messageExpiryInterval === undefined) result.expiresAt = message.expiresAt;
      result.publisherId = message.publisherId;
      result.source = message.source;
      return result;
    } catch (error) {
      core.log.write("error", `A publish hook left a message that cannot be sent: ${describeError(error)}`);
      return refuse(ReasonCode.UNSPECIFIED_ERROR);
    }
  };
  const verdict = core.hooks.run("publish", draft);
  if (isPromise(verdict)) return verdict.then((refusal) => refusal ?? changed());
  return verdict ?? changed();
}
