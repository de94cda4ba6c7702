/**
 * CONNECT (sections 3.1 and 3.1.4): checks, the gate, the hooks, the session, CONNACK, and then whatever the session owes.
 */

import type { Accepted, Refused } from "#auth";
import { isPromise, utf8Encode } from "#base";
import { type ByteLimit, InboundAliases, KeepAlive, OutboundAliases } from "#flow";
import type { ConnectDraft, Refusal } from "#hooks";
import {
  type ConnackPacket,
  type ConnackProperties,
  type ConnectPacket,
  encodePacket,
  encodePublishProperties,
  PacketType,
  ProtocolVersion,
  ReasonCode,
  utf8Problem,
} from "#protocol";
import type { Channel } from "./channel.ts";
import { ClientIdentity, ClientLogin } from "./client-identity.ts";
import { shuttingDown, takenOver } from "./disconnect-reason.ts";
import { Message } from "./message.ts";
import { Mount } from "./mount.ts";
import { beginAuthentication } from "./on-auth.ts";
import { permissionsOf } from "./permissions.ts";
import { deliveryTerms } from "./route.ts";
import type { BrokerSettings } from "./settings.ts";
import type { Topic } from "./topic.ts";
import { withoutSecrets } from "./trace.ts";
import type { WillMessage } from "./will.ts";

const LARGEST_RECEIVE_MAXIMUM = 65_535;
/** Random bytes in an invented client id. */
const CLIENT_ID_BYTES = 10;

export function onConnect(channel: Channel, packet: ConnectPacket): void {
  channel.outbound.takeConnect(packet);
  channel.isBridge = packet.isBridge;
  const { core } = channel;
  const isAssigned = packet.clientId === "";
  const clientId = isAssigned ? inventClientId(channel) : packet.clientId;
  core.trace?.onReceived(clientId, withoutSecrets(packet));
  const { listener } = channel.connection;
  channel.identity = new ClientIdentity(channel.connection.pipe, listener, packet, clientId);

  const refusal = core.admission.judgeConnect(channel, packet);
  if (refusal !== undefined) {
    channel.refuseConnect(refusal.reasonCode, "connect-refused", refusal.detail);
    return;
  }
  const problem = problemOf(channel, packet);
  if (problem !== undefined) {
    channel.refuseConnect(problem[0], "connect-refused", problem[1]);
    return;
  }
  const login = new ClientLogin(channel.connection.pipe, listener, packet, clientId);
  const method = packet.properties.authenticationMethod;
  if (method !== undefined) {
    beginAuthentication(channel, login, method, packet, onDecision);
    return;
  }
  const decision = core.gate.authenticate(login);
  if (isPromise(decision)) {
    channel.phase = "authenticating";
    channel.waitFor(decision, (settled) => onDecision(channel, packet, settled));
  } else onDecision(channel, packet, decision);
}

/** The gate has spoken: the end of a plain login and of an enhanced one. */
function onDecision(channel: Channel, packet: ConnectPacket, decision: Accepted | Refused): void {
  if (channel.phase === "closed") return;
  if (decision.outcome === "refused") {
    const { reasonCode, reasonString, serverReference } = decision;
    channel.core.admission.onRefused(channel, reasonCode, () =>
      channel.refuseConnect(reasonCode, "connect-refused", reasonString, serverReference),
    );
    return;
  }
  if (!channel.takeLimits(decision.limits)) {
    channel.refuseConnect(ReasonCode.SERVER_UNAVAILABLE, "connect-refused");
    return;
  }
  if (channel.settings.clientIdFromUserName && !(decision.userName ?? channel.identity?.userName)) {
    channel.refuseConnect(ReasonCode.NOT_AUTHORIZED, "connect-refused", "This broker wants a user name.");
    return;
  }
  const problem = takeDecision(channel, decision);
  if (problem !== undefined) {
    channel.refuseConnect(ReasonCode.CLIENT_IDENTIFIER_NOT_VALID, "connect-refused", problem);
    return;
  }
  const draft: ConnectDraft = {
    client: channel.client,
    cleanStart: packet.cleanStart,
    keepAliveSeconds: packet.keepAliveSeconds,
    sessionExpiryInterval: packet.properties.sessionExpiryInterval ?? 0,
  };
  if (!channel.core.hooks.has("connect")) {
    accept(channel, packet, decision, draft);
    return;
  }
  const verdict = channel.core.hooks.run("connect", draft);
  const finish = (refusal: Refusal | undefined): void => {
    if (refusal === undefined) accept(channel, packet, decision, draft);
    else channel.refuseConnect(refusal.refused, "connect-refused", refusal.reasonString);
  };
  if (isPromise(verdict)) {
    channel.phase = "authenticating";
    channel.waitFor(verdict, finish);
  } else finish(verdict);
}

/** The client is who the gate says it is. Returns why it cannot be. */
function takeDecision(channel: Channel, decision: Accepted): string | undefined {
  const { identity } = channel;
  if (identity === undefined) return undefined;
  const { clientId, userName } = decision;
  if (clientId !== undefined) {
    if (clientId === "") return "The login left the client without an identifier.";
    identity.clientId = clientId;
  }
  if (userName !== undefined) identity.userName = userName;
  if (channel.settings.clientIdFromUserName && identity.userName !== undefined)
    identity.clientId = identity.userName;
  channel.takeLogin(decision);
  return undefined;
}

function accept(channel: Channel, packet: ConnectPacket, decision: Accepted, draft: ConnectDraft): void {
  if (channel.phase === "closed") return;
  const { core, connection, identity, outbound, settings } = channel;
  const { properties } = packet;
  if (core.sessions.stopping) {
    channel.refuseConnect(ReasonCode.SERVER_UNAVAILABLE, shuttingDown.kind);
    return;
  }
  const held = core.sessions.get(channel.clientId);
  if (held === undefined && core.sessions.count >= core.settings.maximumSessions) {
    core.limits.reached("sessions", channel.subject);
    channel.refuseConnect(ReasonCode.QUOTA_EXCEEDED, "connect-refused", "No more sessions.");
    return;
  }
  const refusal = core.admission.judgeLogin(channel, held);
  if (refusal !== undefined) {
    channel.refuseConnect(refusal.reasonCode, "connect-refused", refusal.detail);
    return;
  }
  const sessionExpiryInterval = Math.min(draft.sessionExpiryInterval, settings.maximumSessionExpiryInterval);
  const keepAliveSeconds = keepAliveOf(channel, draft.keepAliveSeconds);
  const connack: ConnackPacket = {
    type: PacketType.CONNACK,
    sessionPresent: false,
    reasonCode: ReasonCode.SUCCESS,
    properties: channel.isVersion5
      ? connackProperties(channel, packet, decision, { sessionExpiryInterval, keepAliveSeconds })
      : {},
  };
  // Nothing is touched for a client that could not even be told.
  if (encodePacket(connack, outbound.version, outbound.maximumPacketSize) === undefined) {
    channel.refuseConnect(ReasonCode.PACKET_TOO_LARGE, "connect-refused", "CONNACK would be too large.");
    return;
  }
  core.durable?.begin();
  // The older connection ends before anything of this one begins [MQTT-3.1.4-3]; all in this turn, so nobody gets between.
  if (held?.channel !== undefined) core.sessions.takeOver(held, takenOver);
  if (isClosed(channel)) return; // by somebody who heard of the take-over

  connack.sessionPresent = !packet.cleanStart && core.sessions.get(channel.clientId) !== undefined;
  const session = core.sessions.open(channel.clientId, packet.cleanStart); // [MQTT-3.1.2-4] to [MQTT-3.1.2-6]
  if (settings.mountPoint !== undefined) channel.mount = new Mount(settings.mountPoint, core.topics);
  session.channel = channel;
  session.limits = settings;
  session.permissions = identity === undefined ? undefined : permissionsOf(core.gate, identity);
  session.expiryInterval = sessionExpiryInterval;
  if (session.outlivesConnection || session.recordId !== 0) core.durable?.openSession(session);
  session.will = packet.will === undefined ? undefined : willOf(channel, packet);
  channel.session = session;
  channel.connectedWithExpiry = (properties.sessionExpiryInterval ?? 0) > 0;

  const aliasMaximum = Math.min(properties.topicAliasMaximum ?? 0, settings.topicAliasMaximumOutbound);
  if (aliasMaximum > 0) outbound.aliases = new OutboundAliases(aliasMaximum); // [MQTT-3.1.2-27]
  if (channel.isVersion5 && settings.topicAliasMaximum > 0) {
    channel.aliasesIn = new InboundAliases(settings.topicAliasMaximum);
  }
  session.receiver.connect(channel.isVersion5 ? settings.receiveMaximum : LARGEST_RECEIVE_MAXIMUM);
  session.sender.connect(
    Math.min(properties.receiveMaximum ?? LARGEST_RECEIVE_MAXIMUM, settings.maximumInFlight),
    byteLimitOf(settings),
  );
  connection.keepAlive = new KeepAlive(keepAliveSeconds, core.now());
  connection.framer.maximumPacketSize = settings.maximumPacketSize;
  channel.phase = "connected";
  channel.changeSettings(settings);
  core.timers.disarm(channel.timer);
  if (keepAliveSeconds > 0) core.timers.arm(channel.timer, connection.keepAlive.remainingMs(core.now()));

  outbound.holdAnswer();
  outbound.send(connack); // [MQTT-3.2.0-1]
  core.sessions.onConnected();
  core.admission.onConnected(channel, packet.userName);
  if (core.events.has("clientConnected")) {
    core.events.emit("clientConnected", {
      clientId: channel.clientId,
      userName: channel.identity?.userName,
      protocolVersion: channel.version,
      isBridge: channel.isBridge,
      cleanStart: packet.cleanStart,
      sessionPresent: connack.sessionPresent,
      keepAliveSeconds,
      address: connection.pipe.peer,
    });
  }
  for (const { topicName, payload } of decision.afterConnect ?? []) {
    outbound.sendQos0(
      Message.of(topicFor(channel, topicName), payload, 0, false),
      deliveryTerms(0, false, undefined),
    );
  }
  session.pump();
}

function byteLimitOf({ maximumInFlightBytes: maximumBytes }: BrokerSettings): ByteLimit<Message> | undefined {
  return maximumBytes === 0 ? undefined : { maximumBytes, sizeOf: ({ sizeBytes }) => sizeBytes };
}

/** Asked again where listeners may have had their say. */
function isClosed(channel: Channel): boolean {
  return channel.phase === "closed";
}

function connackProperties(
  channel: Channel,
  packet: ConnectPacket,
  decision: Accepted,
  granted: { readonly sessionExpiryInterval: number; readonly keepAliveSeconds: number },
): ConnackProperties {
  const { settings } = channel;
  const { properties } = packet;
  const connack: ConnackProperties = {};
  const { sessionExpiryInterval, keepAliveSeconds } = granted;
  if (sessionExpiryInterval !== (properties.sessionExpiryInterval ?? 0)) {
    connack.sessionExpiryInterval = sessionExpiryInterval;
  }
  if (settings.receiveMaximum !== LARGEST_RECEIVE_MAXIMUM) connack.receiveMaximum = settings.receiveMaximum;
  if (settings.maximumQos < 2) connack.maximumQos = settings.maximumQos as 0 | 1; // [MQTT-3.2.2-9]
  if (!settings.retainAvailable) connack.retainAvailable = false;
  connack.maximumPacketSize = settings.maximumPacketSize;
  if (packet.clientId === "") connack.assignedClientIdentifier = channel.clientId; // [MQTT-3.1.3-7]
  if (settings.topicAliasMaximum > 0) connack.topicAliasMaximum = settings.topicAliasMaximum;
  if (!settings.wildcardSubscriptionAvailable) connack.wildcardSubscriptionAvailable = false;
  if (!settings.subscriptionIdentifierAvailable) connack.subscriptionIdentifierAvailable = false;
  if (!settings.sharedSubscriptionAvailable) connack.sharedSubscriptionAvailable = false;
  if (keepAliveSeconds !== packet.keepAliveSeconds || settings.serverKeepAliveSeconds !== undefined) {
    connack.serverKeepAlive = keepAliveSeconds;
  }
  // [MQTT-3.1.2-28]
  if (properties.requestResponseInformation === true && settings.responseInformation !== undefined) {
    connack.responseInformation = settings.responseInformation;
  }
  if (properties.authenticationMethod !== undefined) {
    connack.authenticationMethod = properties.authenticationMethod; // [MQTT-4.12.0-5]
    if (decision.authenticationData !== undefined) connack.authenticationData = decision.authenticationData;
  }
  return connack;
}

/** Seconds that count on this connection: the client's, or what the server imposes on a 5.0 client. */
function keepAliveOf(channel: Channel, wanted: number): number {
  const { serverKeepAliveSeconds, maximumKeepAliveSeconds } = channel.settings;
  if (!channel.isVersion5) return wanted;
  if (serverKeepAliveSeconds !== undefined) return serverKeepAliveSeconds;
  const isUnlimited = maximumKeepAliveSeconds === 65_535;
  return !isUnlimited && (wanted === 0 || wanted > maximumKeepAliveSeconds)
    ? maximumKeepAliveSeconds
    : wanted;
}

/** What in a well-formed CONNECT this broker does not accept. */
function problemOf(channel: Channel, packet: ConnectPacket): [ReasonCode, string] | undefined {
  const { settings } = channel;
  if (!settings.versions.includes(packet.protocolVersion)) {
    return [ReasonCode.UNSUPPORTED_PROTOCOL_VERSION, "This broker does not accept this version of MQTT."];
  }
  if (packet.clientId === "" && !settings.allowEmptyClientId && !settings.clientIdFromUserName) {
    return [ReasonCode.CLIENT_IDENTIFIER_NOT_VALID, "This broker wants a client identifier."];
  }
  const isLimited = settings.maximumKeepAliveSeconds < 65_535;
  const isTooLong =
    packet.keepAliveSeconds === 0 || packet.keepAliveSeconds > settings.maximumKeepAliveSeconds;
  if (packet.protocolVersion !== ProtocolVersion.MQTT_5_0 && isLimited && isTooLong) {
    return [ReasonCode.CLIENT_IDENTIFIER_NOT_VALID, "The Keep Alive is too long."];
  }
  const { will } = packet;
  if (will === undefined) return undefined;
  if (will.qos > settings.maximumQos) return [ReasonCode.QOS_NOT_SUPPORTED, "Will QoS."]; // [MQTT-3.2.2-12]
  // [MQTT-3.2.2-13]
  if (will.retain && !settings.retainAvailable) return [ReasonCode.RETAIN_NOT_SUPPORTED, "Will Retain."];
  const { payload } = will;
  const isText = will.properties.payloadFormatIndicator === true;
  if (settings.checkPayloadFormat && isText && utf8Problem(payload, 0, payload.length) !== undefined) {
    return [ReasonCode.PAYLOAD_FORMAT_INVALID, "The will's payload is not UTF-8."]; // [U5-3.1.3.2.3]
  }
  return undefined;
}

function willOf(channel: Channel, packet: ConnectPacket): WillMessage | undefined {
  const { will } = packet;
  if (will === undefined) return undefined;
  const { willDelayInterval, messageExpiryInterval, ...forwarded } = will.properties;
  const topic = topicFor(channel, will.topicName);
  const message = Message.of(topic, will.payload, will.qos, will.retain);
  message.properties = encodePublishProperties(forwarded);
  message.publisherId = channel.clientId;
  return {
    message,
    client: channel.client,
    delaySeconds: willDelayInterval ?? 0,
    expirySeconds: messageExpiryInterval,
  };
}

/** The topic that the client means by `topicName`, which is valid. */
function topicFor({ core, mount, version }: Channel, topicName: string): Topic {
  return mount === undefined
    ? core.topics.of(topicName, version)
    : mount.mounted(utf8Encode(topicName), version);
}

/** An id that no session uses [MQTT-3.2.2-16]. */
function inventClientId(channel: Channel): string {
  const { random, sessions } = channel.core;
  for (;;) {
    let clientId = channel.settings.generatedClientIdPrefix;
    for (const byte of random.bytes(CLIENT_ID_BYTES)) clientId += byte.toString(16).padStart(2, "0");
    if (sessions.get(clientId) === undefined) return clientId;
  }
}
