// What the versions of mosquitto say differently of acknowledgements and ends; sessions as a whole are in test/cli.
import { expect, it } from "vitest";
import { PacketType, ProtocolVersion, ReasonCode } from "#protocol";
import { wordings } from "./wordings.ts";

const address = { transport: "tcp", remoteAddress: "192.168.1.105", remotePort: 50_000, localPort: 1883 };
const acknowledgement = { packetId: 7, reasonCode: ReasonCode.SUCCESS, properties: {} } as const;
const { PUBACK, PUBREC, PUBREL, PUBCOMP } = PacketType;

it.each([
  ["mosquitto-1.5", ["Mid: 7", "Mid: 7", "Mid: 7", "Mid: 7"], ["Mid: 7", "Mid: 7", "Mid: 7", "Mid: 7"]],
  ["mosquitto-2.0", ["Mid: 7, RC:0", "Mid: 7", "Mid: 7", "Mid: 7, RC:0"], ["m7, rc0", "m7, rc0", "m7", "m7"]],
  ["mosquitto-2.1", ["Mid: 7, RC:0", "Mid: 7", "Mid: 7", "Mid: 7, RC:0"], ["m7, rc0", "m7, rc0", "m7", "m7"]],
] as const)("%s writes PUBACK, PUBREC, PUBREL and PUBCOMP its way", (words, received, sent) => {
  const packets = [PUBACK, PUBREC, PUBREL, PUBCOMP].map((type) => ({ ...acknowledgement, type }));
  expect(packets.map((packet) => wordings[words].received(packet))).toEqual(received);
  expect(packets.map((packet) => wordings[words].sent(packet))).toEqual(sent);
});

it.each([
  ["mosquitto-1.5", "Client me has exceeded timeout, disconnecting."],
  ["mosquitto-2.0", "Client me has exceeded timeout, disconnecting."],
  ["mosquitto-2.1", "Client me [192.168.1.105:50000] disconnected: exceeded timeout."],
] as const)("%s tells of a keep alive that was not kept", (words, line) => {
  const reason = { kind: "keep-alive-timeout", reasonCode: ReasonCode.KEEP_ALIVE_TIMEOUT } as const;
  expect(wordings[words].ended({ clientId: "me", reason, address })).toBe(line);
});

it.each([
  ["mosquitto-1.5", "192.168.1.105 as vm.br1 (c0, k60)", "Expiring persistent client vm.br1 due to timeout."],
  ["mosquitto-2.0", "192.168.1.105:50000 as vm.br1 (p2, c0, k60)", "Expiring client vm.br1 due to timeout."],
  ["mosquitto-2.1", "192.168.1.105:50000 as vm.br1 (p2, c0, k60)", "Expiring client vm.br1 due to timeout."],
] as const)("%s tells of a bridge, and of one that does not come back", (words, bridge, end) => {
  const line = wordings[words].connected({
    clientId: "vm.br1",
    userName: undefined,
    protocolVersion: ProtocolVersion.MQTT_3_1_1,
    isBridge: true,
    cleanStart: false,
    sessionPresent: false,
    keepAliveSeconds: 60,
    address,
  });
  expect(line).toBe(`New bridge connected from ${bridge}.`);
  expect(wordings[words].expired("vm.br1")).toBe(end);
});

it.each([
  ["mosquitto-1.5", "Socket error on client <unknown>, disconnecting."],
  ["mosquitto-2.0", "Client <unknown> disconnected due to oversize packet. It is too large."],
  ["mosquitto-2.1", "Client <unknown> [192.168.1.105:50000] disconnected: oversize packet. It is too large."],
] as const)("%s tells of a packet that is too large", (words, line) => {
  const reason = {
    kind: "protocol-error",
    reasonCode: ReasonCode.PACKET_TOO_LARGE,
    detail: "It is too large.",
  } as const;
  expect(wordings[words].ended({ clientId: "", reason, address })).toBe(line);
});

it("names the kind of a connection without address", () => {
  const unix = { transport: "unix", remoteAddress: "", remotePort: 0, localPort: 0 };
  expect(wordings["mosquitto-1.5"].accepted({ address: unix })).toBe("New connection from unix on port 0.");
  expect(wordings["mosquitto-2.0"].accepted({ address: unix })).toBe("New connection from unix on port 0.");
});
