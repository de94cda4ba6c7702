import { expect, test } from "vitest";
import { utf8Encode } from "#base";
import { PacketType, ProtocolVersion, ReasonCode } from "#protocol";
import { withoutSecrets } from "./trace.ts";

const secret = utf8Encode("a secret");

test("a traced CONNECT has neither password nor authentication data, and the packet itself keeps them", () => {
  const packet = {
    type: PacketType.CONNECT,
    protocolVersion: ProtocolVersion.MQTT_5_0,
    isBridge: false,
    clientId: "c",
    cleanStart: true,
    keepAliveSeconds: 0,
    userName: "u",
    password: secret,
    properties: { authenticationMethod: "M", authenticationData: secret },
  };
  const traced = withoutSecrets(packet);
  expect(traced).toMatchObject({ userName: "u", properties: { authenticationMethod: "M" } });
  expect(JSON.stringify(traced)).not.toContain(JSON.stringify(secret));
  expect(packet.password).toBe(secret);
  expect(packet.properties.authenticationData).toBe(secret);
});

test.each([PacketType.AUTH, PacketType.CONNACK] as const)("nor has a packet of type %i", (type) => {
  const properties = { authenticationMethod: "M", authenticationData: secret };
  const packet = { type, reasonCode: ReasonCode.SUCCESS, sessionPresent: false, properties };
  expect(withoutSecrets(packet)).toMatchObject({ properties: { authenticationMethod: "M" } });
  expect(JSON.stringify(withoutSecrets(packet))).not.toContain(JSON.stringify(secret));
});
