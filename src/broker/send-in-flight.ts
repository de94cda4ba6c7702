/**
 * A message above QoS 0 on its way to one client: its packet identifier, its record where the session is kept, and its bytes.
 * The first time, and again after a reconnect. HOT.
 */

import { InFlight } from "#flow";
import { PacketType, type Qos, ReasonCode } from "#protocol";
import type { DurableState } from "./durable-state.ts";
import type { Message } from "./message.ts";
import type { Outbound } from "./outbound.ts";
import type { DeliveryTerms } from "./route.ts";
import { fits, sendPublish } from "./send-publish.ts";
import type { Session } from "./session.ts";

/**
 * Takes a message in flight and sends it, if the client is to get it; its sender is ready. `recordId` is the delivery's in
 * the store, 0 if it has none yet: then one is written here, where the session is kept.
 */
export function sendInFlight(
  session: Session,
  outbound: Outbound,
  message: Message,
  terms: DeliveryTerms,
  qos: Qos,
  recordId: number,
): void {
  const permitted = outbound.permit(message.keep(), terms, qos);
  if (permitted === undefined) {
    if (recordId !== 0) outbound.core.durable?.finish(recordId, message.recordId);
    return;
  }
  const { sender } = session;
  const packetId = sender.send(permitted, terms, qos);
  if (recordId !== 0) {
    permitted.recordId = message.recordId;
    sender.mark(packetId, recordId);
    outbound.core.durable?.send(recordId, session, permitted, terms, qos, packetId);
  } else if (session.recordId !== 0) {
    // A retained message for a new subscription comes here too: it is written only now, when it is in flight as others are.
    const durable = outbound.core.durable as DurableState;
    sender.mark(packetId, durable.deliver(session, permitted, terms, qos, packetId));
  }
  // Under this identifier and no other, or a restart would deliver it twice.
  if (qos === 2 && session.recordId !== 0) outbound.hold();
  sendPublish(outbound, permitted, terms, qos, packetId, false);
}

/**
 * Sends again the next PUBLISH or PUBREL that an earlier connection left open. What the client can no longer get is given up.
 * Returns false when the quota does not allow more.
 */
export function resendNext({ sender, permissions }: Session, outbound: Outbound): boolean {
  const resend = sender.nextResend();
  if (resend === undefined) return !sender.resending;
  const { packetId, state, message, terms } = resend;
  if (message === undefined || terms === undefined) {
    outbound.acknowledge(PacketType.PUBREL, packetId, ReasonCode.SUCCESS);
    return true;
  }
  // Somebody else may have come with this client id, or rules have changed since it was sent the first time.
  const isBarred =
    outbound.mount?.covers(message.topic) === false || permissions?.mayReceive(message.topic) === false;
  const qos: Qos = state === InFlight.AWAITING_PUBACK ? 1 : 2;
  if (!isBarred && fits(outbound, message, terms, qos)) {
    sendPublish(outbound, message, terms, qos, packetId, true); // [MQTT-3.3.1-1]
    return true;
  }
  const { durable, outcomes } = outbound.core;
  const recordId = sender.markOf(packetId);
  if (recordId !== 0) durable?.finish(recordId, message.recordId);
  sender.complete(packetId, state);
  const kind = isBarred ? "receiver-not-permitted" : "packet-too-large"; // [MQTT-3.1.2-25]
  outcomes.record(kind, outbound.clientId, message);
  return true;
}
