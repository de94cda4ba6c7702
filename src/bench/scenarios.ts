/**
 * The standard loads. Their numbers are what makes runs comparable: a change to one is a new scenario.
 */

import { ProtocolVersion } from "#protocol";
import type { FlowLoad, Scenario } from "./scenario.ts";

/** Hundred pairs, twenty messages in flight each. */
const hundredPairs: Omit<FlowLoad, "qos"> = {
  kind: "flow",
  publishers: 100,
  subscribers: 100,
  topics: 100,
  payloadBytes: 64,
  pace: { kind: "window", messages: 20 },
};

export const SCENARIOS: readonly Scenario[] = [
  {
    name: "pairs",
    summary: "10 publishers to 10 subscribers one to one, QoS 0, window 100",
    load: {
      kind: "flow",
      publishers: 10,
      subscribers: 10,
      topics: 10,
      qos: 0,
      payloadBytes: 64,
      pace: { kind: "window", messages: 100 },
    },
  },
  {
    name: "pairs-one",
    summary: "1000 pairs with one message in flight each, QoS 0",
    load: {
      kind: "flow",
      publishers: 1000,
      subscribers: 1000,
      topics: 1000,
      qos: 0,
      payloadBytes: 64,
      pace: { kind: "window", messages: 1 },
    },
  },
  {
    name: "rate",
    summary: "20,000 messages a second over 100 pairs, whether the broker keeps up or not: latency",
    load: { ...hundredPairs, qos: 0, pace: { kind: "rate", perSecond: 20_000 } },
  },
  {
    name: "fan-in",
    summary: "500 publishers to one subscriber, QoS 0, window 20",
    load: { ...hundredPairs, publishers: 500, subscribers: 1, topics: 500, qos: 0 },
  },
  {
    name: "fan-out",
    summary: "one publisher to 1000 subscribers, QoS 0, window 10",
    load: {
      ...hundredPairs,
      publishers: 1,
      subscribers: 1000,
      topics: 1,
      qos: 0,
      pace: { kind: "window", messages: 10 },
    },
  },
  {
    name: "large",
    summary: "10 pairs with payloads of 16 KiB, QoS 0, window 20",
    load: { ...hundredPairs, publishers: 10, subscribers: 10, topics: 10, qos: 0, payloadBytes: 16_384 },
  },
  {
    name: "qos1",
    summary: "100 pairs, QoS 1, window 20",
    load: { ...hundredPairs, qos: 1 },
  },
  {
    name: "qos2",
    summary: "100 pairs, QoS 2, window 20",
    load: { ...hundredPairs, qos: 2 },
  },
  {
    name: "v5",
    summary: "100 pairs in MQTT 5.0 with content type, two user properties and expiry, QoS 1, window 10",
    load: {
      ...hundredPairs,
      qos: 1,
      protocolVersion: ProtocolVersion.MQTT_5_0,
      properties: true,
      pace: { kind: "window", messages: 10 },
    },
  },
  {
    name: "filters",
    summary: "100,000 filters, a quarter each exact, with +, with # and with a leading +; random topics",
    load: {
      ...hundredPairs,
      publishers: 10,
      subscribers: 10,
      topics: 100_000,
      qos: 0,
      topicChoice: "random",
      filters: "mixed",
      pace: { kind: "window", messages: 100 },
    },
  },
  {
    name: "shared",
    summary: "10 publishers to a shared subscription of 10, QoS 1, window 20",
    load: { ...hundredPairs, publishers: 10, subscribers: 10, topics: 1, qos: 1, shared: true },
  },
  {
    name: "durable",
    summary: "100 pairs whose subscribers have persistent sessions, QoS 1, window 20",
    load: { ...hundredPairs, qos: 1, persistentSessions: true },
  },
  {
    name: "retained",
    summary: "100,000 retained messages to one subscription: time until all are there",
    load: { kind: "retained", messages: 100_000, payloadBytes: 64 },
  },
  {
    name: "offline",
    summary: "50,000 messages of QoS 1 queued for a session that was away: time until all are there",
    load: { kind: "offline", messages: 50_000, payloadBytes: 64, qos: 1 },
  },
  {
    name: "storm",
    summary: "100 clients that connect, are let in, disconnect and come again: connects a second",
    load: { kind: "storm", connections: 100 },
  },
  {
    name: "idle",
    summary: "10,000 connections that say nothing: memory of each",
    load: { kind: "idle", connections: 10_000 },
  },
  {
    name: "fairness",
    summary: "20 quiet pairs, alone and then beside a client that floods: latency of both",
    load: { kind: "fairness", pairs: 20, perSecond: 1_000, payloadBytes: 64 },
  },
];
