/**
 * The `$SYS` tree: the broker's own figures as retained messages, by the names that Mosquitto's users know. A value is sent
 * when it has changed, every `sysIntervalSeconds`.
 */

import { Timer, type TimerTarget, utf8Encode } from "#base";
import { ProtocolVersion } from "#protocol";
import type { BrokerCore } from "./core.ts";
import { Message } from "./message.ts";

const ROOT = "$SYS/broker/";

/** Minutes over which a load average forgets. */
const AVERAGES = [
  ["1min", 1],
  ["5min", 5],
  ["15min", 15],
] as const;

interface Load {
  last: number;
  readonly averages: [number, number, number];
}

export class SysTopics implements TimerTarget {
  readonly #core: BrokerCore;
  readonly #version: string;
  readonly #memoryBytes: (() => number) | undefined;
  #maximumMemoryBytes = 0;
  readonly #timer: Timer = new Timer(this);
  readonly #sent = new Map<string, string>();
  readonly #loads = new Map<string, Load>();
  #startedAt = 0;
  #lastAt = 0;

  /**
   * @param version what `$SYS/broker/version` says
   * @param memoryBytes what the process holds now; undefined when nobody knows
   */
  constructor(core: BrokerCore, version: string, memoryBytes: (() => number) | undefined) {
    this.#core = core;
    this.#version = version;
    this.#memoryBytes = memoryBytes;
  }

  start(): void {
    if (this.#core.settings.sysIntervalSeconds === 0) return;
    this.#startedAt = this.#core.now();
    this.#lastAt = this.#startedAt;
    this.#publish("version", this.#version);
    this.#update();
    this.#core.timers.arm(this.#timer, this.#core.settings.sysIntervalSeconds * 1000);
  }

  stop(): void {
    this.#core.timers.disarm(this.#timer);
  }

  onTimer(): void {
    this.#update();
    this.#core.timers.arm(this.#timer, this.#core.settings.sysIntervalSeconds * 1000);
  }

  #update(): void {
    const { metrics, connections, sessions, tree, retained, outcomes, limits, outputPool } = this.#core;
    const now = this.#core.now();
    const dropped = outcomes.total - outcomes.count("no-subscriber");
    this.#publish("store/mode", this.#core.durable?.store.mode ?? "memory");
    this.#publish("uptime", `${Math.floor((now - this.#startedAt) / 1000)} seconds`);
    this.#publish("clients/total", sessions.count);
    this.#publish("clients/connected", sessions.connected);
    this.#publish("clients/active", sessions.connected);
    this.#publish("clients/disconnected", sessions.count - sessions.connected);
    this.#publish("clients/inactive", sessions.count - sessions.connected);
    this.#publish("clients/maximum", metrics.clientsMaximum);
    this.#publish("clients/expired", metrics.sessionsExpired);
    this.#publish("connections/socket/count", connections.size);
    this.#memory();
    this.#publish("messages/received", metrics.packetsReceived);
    this.#publish("messages/sent", metrics.packetsSent);
    this.#publish("messages/stored", retained.count);
    this.#publish("store/messages/count", retained.count);
    this.#publish("store/messages/bytes", retained.sizeBytes);
    this.#publish("retained messages/count", retained.count);
    this.#publish("subscriptions/count", tree.size);
    this.#publish("shared_subscriptions/count", tree.sharedSize);
    this.#publish("publish/messages/received", metrics.publishReceived);
    this.#publish("publish/messages/sent", metrics.publishSent);
    this.#publish("publish/messages/dropped", dropped);
    this.#publish("publish/bytes/received", metrics.publishBytesReceived);
    this.#publish("publish/bytes/sent", metrics.publishBytesSent);
    this.#publish("bytes/received", metrics.bytesReceived);
    this.#publish("bytes/sent", outputPool.sentBytes);
    this.#publish("packet/out/bytes", outputPool.unwrittenBytes);
    for (const [kind, count] of Object.entries(outcomes.counts))
      this.#publish(`publish/undelivered/${kind}`, count);
    for (const [limit, count] of Object.entries(limits.counts))
      if (count > 0) this.#publish(`limits/${limit}`, count);
    this.#load("messages/received", metrics.packetsReceived, now);
    this.#load("messages/sent", metrics.packetsSent, now);
    this.#load("publish/received", metrics.publishReceived, now);
    this.#load("publish/sent", metrics.publishSent, now);
    this.#load("publish/dropped", dropped, now);
    this.#load("bytes/received", metrics.bytesReceived, now);
    this.#load("bytes/sent", outputPool.sentBytes, now);
    this.#load("sockets", metrics.connectionsAccepted, now);
    this.#load("connections", metrics.connectsAccepted, now);
    this.#lastAt = now;
  }

  #memory(): void {
    if (this.#memoryBytes === undefined) return;
    const now = this.#memoryBytes();
    this.#maximumMemoryBytes = Math.max(this.#maximumMemoryBytes, now);
    this.#publish("heap/current", now);
    this.#publish("heap/maximum", this.#maximumMemoryBytes);
  }

  /** Per minute, as averages that forget over 1, 5 and 15 minutes. */
  #load(name: string, total: number, now: number): void {
    let load = this.#loads.get(name);
    if (load === undefined) {
      load = { last: 0, averages: [0, 0, 0] };
      this.#loads.set(name, load);
    }
    const seconds = (now - this.#lastAt) / 1000;
    if (seconds <= 0) return;
    const perMinute = ((total - load.last) * 60) / seconds;
    load.last = total;
    for (const [index, [label, minutes]] of AVERAGES.entries()) {
      const before = load.averages[index] as number;
      const average = perMinute + Math.exp(-seconds / (60 * minutes)) * (before - perMinute);
      load.averages[index] = average;
      this.#publish(`load/${name}/${label}`, average.toFixed(2));
    }
  }

  #publish(name: string, value: string | number): void {
    const text = String(value);
    if (this.#sent.get(name) === text) return;
    this.#sent.set(name, text);
    const { topics, router } = this.#core;
    const topic = topics.of(ROOT + name, ProtocolVersion.MQTT_5_0);
    router.publishSystem(Message.of(topic, utf8Encode(text), 2, true));
  }
}
