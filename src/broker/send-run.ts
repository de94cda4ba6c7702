/**
 * A run of messages on its way to one client: one copy, in which packet identifiers are put right. HOT.
 */

import { copyBytes } from "#base";
import type { Sender } from "#flow";
import { ProtocolVersion } from "#protocol";
import type { Message } from "./message.ts";
import type { Outbound } from "./outbound.ts";
import type { PublishRun } from "./publish-run.ts";
import type { DeliveryTerms } from "./route.ts";

/** Whether the bytes of the run are what this client would get, but for packet identifiers. */
export function fitsRun(outbound: Outbound, run: PublishRun, terms: DeliveryTerms): boolean {
  if (run.version !== outbound.version && (run.version === ProtocolVersion.MQTT_5_0 || outbound.isVersion5))
    return false;
  return (
    terms.isPlain &&
    (terms.qos === run.qos || (terms.qos > run.qos && !outbound.settings.upgradeQos)) &&
    outbound.mount === undefined &&
    outbound.aliases === undefined &&
    run.largestPacket <= outbound.maximumPacketSize
  );
}

/** Sends a run of QoS 0 messages that fits. */
export function sendRun(outbound: Outbound, run: PublishRun): void {
  outbound.output.append(run.bytes, run.start, run.end);
  count(outbound, run);
}

/** Sends a run above QoS 0 that fits, and takes its messages in flight; there is room for them. */
export function sendRunInFlight(
  outbound: Outbound,
  run: PublishRun,
  terms: DeliveryTerms,
  sender: Sender<Message, DeliveryTerms>,
): void {
  const { output } = outbound;
  const { qos, topicSize, kept, start } = run;
  const base = output.reserve(run.end - start);
  const { slab } = output;
  const end = copyBytes(slab, base, run.bytes, start, run.end);
  const firstByte = 0x30 | (qos << 1); // the publisher's DUP is not passed on [MQTT-3.3.1-3]
  let at = start;
  for (let i = 0; i < kept.length; i++) {
    const packetId = sender.send(kept[i] as Message, terms, qos);
    const body = run.bodyAt(at);
    const idAt = base + body + topicSize - start;
    slab[base + at - start] = firstByte;
    slab[idAt] = packetId >> 8;
    slab[idAt + 1] = packetId;
    at = run.endOf(at, body);
  }
  output.advance(end);
  count(outbound, run);
}

function count(outbound: Outbound, run: PublishRun): void {
  const { metrics } = outbound.core;
  metrics.packetsSent += run.count;
  metrics.publishSent += run.count;
  metrics.publishBytesSent += run.payloadBytes;
}
