/** A crash, or a lost connection, while a new subscription gets the retained messages it matched. */

import type { Step } from "#testing";

/** Topics with a retained message. */
const TOPICS = ["r/1", "r/2", "r/3", "r/4", "r/5", "r/6", "r/7", "r/8"];

const connect = {
  do: "connect",
  client: 0,
  version: 5,
  cleanStart: false,
  expirySeconds: 3600,
  receiveMaximum: 2,
  keepAliveSeconds: 0,
} as const;
const publish = {
  do: "publish",
  client: 1,
  retain: true,
  clears: false,
  expirySeconds: undefined,
  sizeBytes: 0,
  count: 1,
} as const;
/** Long enough for everything to be written and answered. */
const rest = { restMs: 60 } as const;

/** @param gapMs between two steps of the race */
export function interruptedBacklog(qos: 1 | 2, interruption: Step, gapMs: number): readonly Step[] {
  return [
    ...TOPICS.map((topic) => ({ ...publish, topic, qos, ...rest }) as const),
    { ...connect, ...rest },
    { do: "hold", client: 0 },
    { do: "subscribe", client: 0, filter: "r/#", qos, ...rest },
    // Each message is two answers at QoS 2, and as soon as none is held back the client is prompt again.
    ...Array.from({ length: 3 }, () => [
      { do: "answer", client: 0, count: 1, ...rest } as const,
      { do: "hold", client: 0 } as const,
    ]).flat(),
    { do: "answer", client: 0, count: 1, restMs: gapMs },
    { do: "hold", client: 0 },
    { ...interruption, restMs: gapMs },
    { ...connect, restMs: gapMs },
    { do: "hold", client: 0, restMs: gapMs },
    { ...interruption, restMs: gapMs },
    { ...connect, ...rest },
    { do: "pass", ms: 1000 },
  ];
}
