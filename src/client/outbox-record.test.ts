import { describe, expect, it } from "vitest";
import { concatBytes } from "#base";
import { encodeChange, replay } from "./outbox-record.ts";
import type { OutboxChange, StoredPublish } from "./outbox-store.ts";

function message(key: number, changes: Partial<StoredPublish> = {}): StoredPublish {
  return {
    key,
    topicName: `t/ü/${key}`,
    payload: Uint8Array.of(1, 2, key),
    qos: 2,
    retain: true,
    properties: Uint8Array.of(1, 1),
    expiresAtEpochMs: undefined,
    ...changes,
  };
}

const changes: OutboxChange[] = [
  { kind: "put", message: message(1) },
  { kind: "put", message: message(2, { qos: 1, retain: false, expiresAtEpochMs: 1_767_225_600_000 }) },
  { kind: "sent", key: 1, packetId: 40_000 },
  { kind: "put", message: message(3) },
  { kind: "released", key: 1 },
  { kind: "done", key: 3 },
];
const journal = concatBytes(changes.map(encodeChange));

describe("replay", () => {
  it("gives back what the changes leave", () => {
    expect(replay(journal)).toEqual({
      messages: [
        message(1, { packetId: 40_000, isReleased: true }),
        message(2, { qos: 1, retain: false, expiresAtEpochMs: 1_767_225_600_000 }),
      ],
      wholeBytes: journal.length,
    });
  });

  it("ends at what is cut off, wherever that is, and at what is damaged", () => {
    const first = encodeChange(changes[0] as OutboxChange).length;
    for (let end = 0; end < journal.length; end++) {
      const { messages, wholeBytes } = replay(journal.slice(0, end));
      expect(wholeBytes).toBeLessThanOrEqual(end);
      expect(messages.length > 0).toBe(end >= first);
    }
    const damaged = journal.slice();
    damaged[first + 20] = (damaged[first + 20] as number) ^ 1;
    expect(replay(damaged).messages.length).toBe(1);
  });
});
