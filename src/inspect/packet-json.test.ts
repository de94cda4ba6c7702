import { describe, expect, test } from "vitest";
import { ConfigError, toHex } from "#base";
import { decodePacket, encodePacket, ProtocolVersion } from "#protocol";
import { packetSamples } from "../../test/support/packet-samples.ts";
import { packetFromJson, packetToJson, parseVersion } from "./packet-json.ts";

const { MQTT_3_1, MQTT_3_1_1, MQTT_5_0 } = ProtocolVersion;

const ways = [MQTT_3_1, MQTT_3_1_1, MQTT_5_0].flatMap((version) =>
  (["client", "server"] as const).map((sender) => ({ version, sender })),
);

test.each(ways)(
  "$version from a $sender: bytes to JSON and back are the same bytes",
  ({ version, sender }) => {
    for (const sample of packetSamples(version, sender)) {
      const bytes = encodePacket(sample, version) as Uint8Array;
      const decoded = decodePacket(bytes, version, sender === "client" ? "server" : "client");
      const text = JSON.stringify(packetToJson(decoded, version));
      // The version in the JSON counts, not the default.
      const { packet, version: found } = packetFromJson(JSON.parse(text), MQTT_3_1);
      expect(found).toBe(version);
      expect(toHex(encodePacket(packet, found) ?? new Uint8Array(0), 1_000), text).toBe(toHex(bytes, 1_000));
    }
  },
);

test("what is left out has a default", () => {
  const encoded = (value: unknown, version?: ProtocolVersion): string => {
    const { packet, version: own } = packetFromJson(value, version);
    return toHex(encodePacket(packet, own) as Uint8Array);
  };
  expect(encoded({ type: "connect" })).toBe("10 0c 00 04 4d 51 54 54 04 02 00 3c 00 00");
  expect(encoded({ type: "connect", protocolVersion: "5.0" })).toBe(
    "10 0d 00 04 4d 51 54 54 05 02 00 3c 00 00 00",
  );
  expect(encoded({ type: "publish", topicName: "a" })).toBe("30 03 00 01 61");
  expect(encoded({ type: "publish", topicName: "a", qos: 1 })).toBe("32 05 00 01 61 00 01");
  expect(encoded({ type: "publish", payload: { hex: "00 ff" }, topicName: "a" })).toBe(
    "30 05 00 01 61 00 ff",
  );
  expect(encoded({ type: "publish", payload: { base64: "AP8" }, topicName: "a" })).toBe(
    "30 05 00 01 61 00 ff",
  );
  expect(encoded({ type: "publish", properties: { topicAlias: 3 } }, MQTT_5_0)).toBe(
    "30 06 00 00 03 23 00 03",
  );
  expect(encoded({ type: "subscribe", subscriptions: [{ topicFilter: "a" }] })).toBe(
    "82 06 00 01 00 01 61 00",
  );
  expect(encoded({ type: "puback", reasonCode: "0x10" }, MQTT_5_0)).toBe("40 03 00 01 10");
  expect(encoded({ type: "suback", reasonCodes: [0, "0x80"] })).toBe("90 04 00 01 00 80");
});

describe("what is no packet is refused with its place", () => {
  test.each<[unknown, string]>([
    [null, "packet: it has to be an object, { ... }."],
    [[], "packet: it has to be an object, { ... }."],
    [{}, "type: it is missing."],
    [
      { type: "conect" },
      "type: it has to be one of connect, connack, publish, puback, pubrec, pubrel, pubcomp, subscribe, suback, unsubscribe, unsuback, pingreq, pingresp, disconnect, auth.",
    ],
    [{ type: 1 }, "type: it has to be a text."],
    [{ type: "pingreq", protocolVersion: "6" }, 'protocolVersion: it has to be "3.1", "3.1.1" or "5.0".'],
    [
      { type: "connect", keepAliveSeconds: 65_536 },
      "keepAliveSeconds: it has to be a whole number from 0 to 65535.",
    ],
    [{ type: "connect", cleanStart: 1 }, "cleanStart: it has to be true or false."],
    [{ type: "connect", will: {} }, "will.topicName: it is missing."],
    [
      { type: "connect", will: { topicName: "a", qos: 3 } },
      "will.qos: it has to be a whole number from 0 to 2.",
    ],
    [
      { type: "connect", will: { topicName: "a", properties: {} } },
      "will.properties: properties exist in MQTT 5.0 only.",
    ],
    [{ type: "publish" }, "topicName: it is missing."],
    [
      { type: "publish", topicName: "a", payload: 1 },
      'payload: it has to be a text, { "hex": "00 ff" } or { "base64": "AP8=" }.',
    ],
    [
      { type: "publish", topicName: "a", payload: { hex: "0" } },
      'payload: it has to be a text, { "hex": "00 ff" } or { "base64": "AP8=" }.',
    ],
    [{ type: "publish", topicName: "a", properties: {} }, "properties: properties exist in MQTT 5.0 only."],
    [{ type: "subscribe" }, "subscriptions: it is missing."],
    [
      { type: "subscribe", subscriptions: [{ topicFilter: "a" }, "b"] },
      "subscriptions[1]: it has to be an object, { ... }.",
    ],
    [
      { type: "subscribe", subscriptions: [{ topicFilter: "a", Qos: 1 }] },
      "subscriptions[0].Qos: there is no such field here; there are topicFilter, qos, noLocal, retainAsPublished, retainHandling.",
    ],
    [{ type: "unsubscribe", topicFilters: ["a", 1] }, "topicFilters: it has to be a list of texts."],
    [
      { type: "puback", reasonCode: "0x1ff" },
      "reasonCode: it has to be a number from 0 to 255, or in hex like 0x87.",
    ],
    [{ type: "pingreq", extra: 1 }, "extra: there is no such field here; there are type."],
  ])("%j", (value, message) => {
    const found = (() => {
      try {
        return packetFromJson(value);
      } catch (error) {
        return error;
      }
    })();
    expect(found).toBeInstanceOf(ConfigError);
    expect((found as ConfigError).message).toBe(message);
  });

  test.each<[Record<string, unknown>, string]>([
    [{ receiveMaximum: 65_536 }, "properties.receiveMaximum: it has to be a whole number from 0 to 65535."],
    [
      { topicAlias: 1 },
      "properties.topicAlias: there is no such field here; there are sessionExpiryInterval, authenticationMethod, authenticationData, requestProblemInformation, requestResponseInformation, receiveMaximum, topicAliasMaximum, maximumPacketSize, userProperties.",
    ],
    [{ userProperties: { a: "b" } }, "properties.userProperties: it has to be a list, [ ... ]."],
    [
      { userProperties: [["a"]] },
      'properties.userProperties: it has to be a list of pairs, [["key", "value"], ...].',
    ],
  ])("properties %j", (properties, message) => {
    expect(() => packetFromJson({ type: "connect", properties }, MQTT_5_0)).toThrow(message);
  });
});

test.each([
  ["3", 3],
  ["3.1", 3],
  ["4", 4],
  ["3.1.1", 4],
  ["5", 5],
  ["5.0", 5],
  ["6", undefined],
  ["", undefined],
])("the version %j is %s", (text, version) => {
  expect(parseVersion(text)).toBe(version);
});
