/**
 * PUBACK, PUBREC, PUBREL and PUBCOMP (sections 3.4 to 3.7): the client's answers to our messages, and the release of its own.
 * An identifier that nobody knows is answered as the standard allows and is no reason to end a connection: after a lost
 * session the client cannot know better.
 */

import { InFlight } from "#flow";
import { FIRST_REFUSAL, PacketType, ProtocolError, ReasonCode } from "#protocol";
import type { Channel } from "./channel.ts";
import type { Session } from "./session.ts";

export function onPuback(channel: Channel, packetId: number, reasonCode: ReasonCode): void {
  const session = channel.connectedSession;
  const state = session.sender.stateOf(packetId);
  if (state === undefined) return;
  if (state !== InFlight.AWAITING_PUBACK) {
    throw new ProtocolError("PUBACK for a QoS 2 message.", channel.statement("MQTT-4.3.3-3", "MQTT-4.3.3-1"));
  }
  if (reasonCode >= FIRST_REFUSAL) recordRefusal(channel, session, packetId);
  finish(channel, session, packetId);
  session.sender.complete(packetId, state); // [MQTT-4.4.0-2]
  session.pumpIfWaiting();
}

export function onPubrec(channel: Channel, packetId: number, reasonCode: ReasonCode): void {
  const session = channel.connectedSession;
  const state = session.sender.stateOf(packetId);
  if (state === InFlight.AWAITING_PUBACK) {
    throw new ProtocolError("PUBREC for a QoS 1 message.", channel.statement("MQTT-4.3.2-3", "MQTT-4.3.2-1"));
  }
  if (reasonCode >= FIRST_REFUSAL) {
    if (state === undefined) return;
    recordRefusal(channel, session, packetId); // [MQTT-4.8.2-6]
    finish(channel, session, packetId);
    session.sender.complete(packetId, state); // [MQTT-4.4.0-2]
    session.pumpIfWaiting();
    return;
  }
  releaseOut(channel, session, packetId);
  session.sender.release(packetId);
  const isKnown = state !== undefined;
  channel.outbound.acknowledge(
    PacketType.PUBREL, // [MQTT-4.3.3-4]
    packetId,
    isKnown ? ReasonCode.SUCCESS : ReasonCode.PACKET_IDENTIFIER_NOT_FOUND,
  );
  if (channel.settings.maximumInFlightBytes > 0) session.pumpIfWaiting(); // its bytes are no longer in flight
}

export function onPubcomp(channel: Channel, packetId: number): void {
  const session = channel.connectedSession;
  if (session.sender.stateOf(packetId) !== InFlight.AWAITING_PUBCOMP) return;
  finish(channel, session, packetId);
  session.sender.complete(packetId, InFlight.AWAITING_PUBCOMP);
  session.pumpIfWaiting();
}

export function onPubrel(channel: Channel, packetId: number): void {
  const session = channel.connectedSession;
  const isKnown = session.receiver.release(packetId);
  if (session.recordId !== 0) channel.core.durable?.release(session, packetId);
  const reasonCode = isKnown ? ReasonCode.SUCCESS : ReasonCode.PACKET_IDENTIFIER_NOT_FOUND;
  channel.outbound.acknowledge(PacketType.PUBCOMP, packetId, reasonCode); // [MQTT-4.3.3-11]
}

/** What the store has of the delivery goes with its end. HOT. */
function finish(channel: Channel, { sender }: Session, packetId: number): void {
  const recordId = sender.markOf(packetId);
  if (recordId !== 0) channel.core.durable?.finish(recordId, sender.messageOf(packetId)?.recordId ?? 0);
}

/** The message is the client's now; the identifier is owed until PUBCOMP. HOT. */
function releaseOut(channel: Channel, session: Session, packetId: number): void {
  const { sender } = session;
  const recordId = sender.markOf(packetId);
  const terms = sender.termsOf(packetId);
  if (recordId === 0 || terms === undefined || sender.stateOf(packetId) !== InFlight.AWAITING_PUBREC) return;
  channel.core.durable?.releaseOut(recordId, session, sender.messageOf(packetId), terms, packetId);
}

function recordRefusal(channel: Channel, session: Session, packetId: number): void {
  const message = session.sender.messageOf(packetId);
  if (message !== undefined) channel.core.outcomes.record("receiver-refused", channel.clientId, message);
}
