import { expect, it } from "vitest";
import type { Accepted, Gate, Identity, Login } from "#auth";
import { bridgeListener, gateWithBridges } from "./bridge-gate.ts";

const deny: Gate = {
  authenticate: () => ({ outcome: "refused", reasonCode: 0x87 }),
  mayPublish: () => false,
  maySubscribe: () => false,
  mayUnsubscribe: () => false,
  mayReceive: () => false,
};

function from(listener: string, transport: string): Login & Identity {
  return {
    listener,
    certificate: undefined,
    pskIdentity: undefined,
    openingRequest: undefined,
    clientId: "local.house",
    userName: undefined,
    password: undefined,
    protocolVersion: 5,
    keepAliveSeconds: 0,
    address: { transport, remoteAddress: "x", remotePort: 0, localPort: 0 },
    claims: undefined,
  };
}

const isOfBridge = (clientId: string): boolean => clientId === "local.house";
const gate = gateWithBridges(deny, isOfBridge);

it("a bridge comes in, and may do everything but give commands", () => {
  const bridge = from(bridgeListener("house"), "memory");
  expect(gate.authenticate(bridge)).toEqual({ outcome: "accepted" });
  expect(gate.mayPublish?.(bridge, "a", 2, true)).toBe(true);
  expect(gate.mayPublish?.(bridge, "$CONTROL/dynamic-security/v1", 0, false)).toBe(false);
  expect(gate.maySubscribe?.(bridge, "#", 2)).toBe(true);
  expect(gate.mayUnsubscribe?.(bridge, "#")).toBe(true);
  expect(gate.mayReceive?.(bridge, "a")).toBe(true);
});

it.each([
  [bridgeListener("house"), "tcp"],
  ["bridge house", "memory"],
  ["", "memory"],
])("nobody else does: %j over %s", (listener, transport) => {
  const other = from(listener, transport);
  expect(gate.authenticate(other)).toMatchObject({ outcome: "refused" });
  expect(gate.mayPublish?.(other, "a", 0, false)).toBe(false);
  expect(gate.maySubscribe?.(other, "#", 0)).toBe(false);
  expect(gate.mayUnsubscribe?.(other, "#")).toBe(false);
  expect(gate.mayReceive?.(other, "a")).toBe(false);
});

it("what the gate does not decide stays undecided", () => {
  const open = gateWithBridges({ authenticate: () => ({ outcome: "accepted" }) }, isOfBridge);
  expect(Object.keys(open)).toEqual(["authenticate"]);
});

it("nobody else gets a bridge's client id, whether CONNECT or the login gives it", async () => {
  const lets = (answer: Accepted): Gate =>
    gateWithBridges(
      { authenticate: async () => answer, beginExchange: () => ({ step: () => answer }) },
      isOfBridge,
    );
  const stranger = from("main", "tcp");
  const other = { ...stranger, clientId: "other" };
  const refused = { outcome: "refused", reasonCode: 0x85 };
  expect(await lets({ outcome: "accepted" }).authenticate(stranger)).toMatchObject(refused);
  expect(await lets({ outcome: "accepted" }).authenticate(other)).toEqual({ outcome: "accepted" });
  const replaced = lets({ outcome: "accepted", clientId: "local.house" });
  expect(await replaced.authenticate(other)).toMatchObject(refused);
  expect(await replaced.beginExchange?.("SCRAM", other)?.step(undefined)).toMatchObject(refused);
});
