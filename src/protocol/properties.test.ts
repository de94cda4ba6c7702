/** Which packet may carry which property, and what a server does with those of PUBLISH. */

import { describe, expect, test } from "vitest";
import { EMPTY_BYTES } from "#base";
import { decodePacket } from "./decode/packet.ts";
import { decodePublish } from "./decode/publish.ts";
import { decodePublishProperties, forwardableProperties } from "./decode/publish-properties.ts";
import { encodePublishProperties } from "./encode/publish.ts";
import type { Side } from "./fixed-header.ts";
import { packetBytes } from "./packet-notation.ts";
import { PublishView } from "./publish-view.ts";
import { ProtocolVersion } from "./version.ts";
import { isWireError } from "./wire-error.ts";

const { MQTT_5_0 } = ProtocolVersion;

/** One valid value of every property. */
const values: Readonly<Record<string, string>> = {
  "01": "01",
  "02": "00000001",
  "03": "'a'",
  "08": "'a'",
  "09": "'a'",
  "0b": "01",
  "11": "00000001",
  "12": "'a'",
  "13": "0001",
  "15": "'a'",
  "16": "'a'",
  "17": "01",
  "18": "00000001",
  "19": "01",
  "1a": "'a'",
  "1c": "'a'",
  "1f": "'a'",
  "21": "0001",
  "22": "0001",
  "23": "0001",
  "24": "01",
  "25": "01",
  "26": "'k' 'v'",
  "27": "00000001",
  "28": "01",
  "29": "01",
  "2a": "01",
};

const packets: readonly (readonly [
  name: string,
  side: Side,
  before: string,
  after: string,
  allowed: string,
])[] = [
  ["CONNECT", "server", "10 * 'MQTT' 05 02 0000 [", "] ''", "11 15 16 17 19 21 22 26 27"],
  ["will", "server", "10 * 'MQTT' 05 06 0000 [] '' [", "] 't' 'p'", "01 02 03 08 09 18 26"],
  ["CONNACK", "client", "20 * 0000 [", "]", "11 12 13 15 16 1a 1c 1f 21 22 24 25 26 27 28 29 2a"],
  ["PUBLISH to a client", "client", "30 * 'a' [", "]", "01 02 03 08 09 0b 23 26"],
  ["PUBACK", "client", "40 * 0001 00 [", "]", "1f 26"],
  ["PUBREC", "client", "50 * 0001 00 [", "]", "1f 26"],
  ["PUBREL", "server", "62 * 0001 00 [", "]", "1f 26"],
  ["PUBCOMP", "server", "70 * 0001 00 [", "]", "1f 26"],
  ["SUBSCRIBE", "server", "82 * 0001 [", "] 'a' 00", "0b 26"],
  ["SUBACK", "client", "90 * 0001 [", "] 00", "1f 26"],
  ["UNSUBSCRIBE", "server", "a2 * 0001 [", "] 'a'", "26"],
  ["UNSUBACK", "client", "b0 * 0001 [", "] 00", "1f 26"],
  ["DISCONNECT", "server", "e0 * 00 [", "]", "11 1c 1f 26"],
  ["AUTH", "server", "f0 * 18 [15 'M' ", "]", "15 16 1f 26"],
];

/** Whether the packet is refused because of what it carries; other errors are about its value or its neighbours. */
function isRefused(packet: string, side: Side): boolean {
  try {
    decodePacket(packetBytes(packet), MQTT_5_0, side);
  } catch (error) {
    return isWireError(error) && error.statement === "U5-2.2.2.2";
  }
  return false;
}

test.each(packets)(
  "%s carries what the table says and nothing else (U5-2.2.2.2)",
  (_, side, before, after, allowed) => {
    const accepted = Object.entries(values).filter(
      ([id, value]) => !isRefused(`${before}${id} ${value}${after}`, side),
    );
    expect(accepted.map(([id]) => id).toSorted()).toEqual(allowed.split(" "));
  },
);

function viewOf(notation: string): PublishView {
  const view = new PublishView();
  const bytes = packetBytes(`30 * 'a' ${notation}`);
  decodePublish(view, bytes, 0, 2, bytes.length, MQTT_5_0, { side: "client" });
  return view;
}

describe("forwardableProperties", () => {
  test.each([
    ["nothing", "", ""],
    [
      "what goes on as it is",
      "01 01 03 't' 08 'r' 09 'c' 26 'k' 'v'",
      "01 01 03 't' 08 'r' 09 'c' 26 'k' 'v'",
    ],
    ["only what is written anew", "02 00000001 23 0001 0b ff7f", ""],
    ["only a subscription identifier", "0b ffffff7f", ""],
    [
      "a mixture",
      "23 0001 26 'k' 'v' 0b 8001 02 00000005 01 00 0b 01 26 'k' 'w'",
      "26 'k' 'v' 01 00 26 'k' 'w'",
    ],
  ])("%s", (_, received, forwarded) => {
    expect(forwardableProperties(viewOf(`[${received}]`))).toEqual(packetBytes(forwarded));
  });

  test("allocates nothing for nothing, and copies the rest", () => {
    expect(forwardableProperties(viewOf("[02 00000001]"))).toBe(EMPTY_BYTES);
    const view = viewOf("[01 01]");
    const forwarded = forwardableProperties(view);
    view.bytes.fill(0);
    expect(forwarded).toEqual(Uint8Array.of(1, 1));
  });
});

test("the view is reset for every packet", () => {
  const view = viewOf("[01 01 02 00000005 23 0007 0b 01] 78");
  expect(view).toMatchObject({
    payloadFormatIndicator: true,
    messageExpiryInterval: 5,
    topicAlias: 7,
    hasSubscriptionIdentifier: true,
  });
  const next = packetBytes("32 * 'b' 0009 [] 79");
  decodePublish(view, next, 0, 2, next.length, MQTT_5_0, { side: "server" });
  const { bytes, ...offsets } = view;
  expect(bytes).toBe(next);
  expect(offsets).toEqual({
    version: MQTT_5_0,
    start: 0,
    end: 9,
    qos: 1,
    retain: false,
    dup: false,
    topicStart: 4,
    topicEnd: 5,
    packetId: 9,
    propertiesStart: 8,
    propertiesEnd: 8,
    payloadStart: 8,
    topicAlias: 0,
    messageExpiryInterval: -1,
    payloadFormatIndicator: false,
    hasSubscriptionIdentifier: false,
  });
});

test("raw properties and their object", () => {
  const raw = packetBytes("01 01 02 00000005 03 't' 0b 01 0b 02 23 0007 26 'k' 'v'");
  const properties = decodePublishProperties(raw, 0, raw.length);
  expect(properties).toEqual({
    payloadFormatIndicator: true,
    messageExpiryInterval: 5,
    contentType: "t",
    subscriptionIdentifiers: [1, 2],
    topicAlias: 7,
    userProperties: [["k", "v"]],
  });
  expect(encodePublishProperties(properties)).toEqual(raw);
});
