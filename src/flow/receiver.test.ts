// oxlint-disable vitest/no-conditional-expect -- what a step of a model or of a loop answers depends on the step

import { describe, expect, test } from "vitest";
import { ReasonCode } from "#protocol";
import { reasonCodeOf } from "../../test/support/reason-code-of.ts";
import { Receiver } from "./receiver.ts";

function connected(receiveMaximum = 10): Receiver {
  const receiver = new Receiver();
  receiver.connect(receiveMaximum);
  return receiver;
}

describe("receiver", () => {
  test("a QoS 2 identifier is new once, until it is released", () => {
    const receiver = connected();
    expect([receiver.onQos2(5), receiver.onQos2(5), receiver.onQos2(5)]).toEqual([true, false, false]);
    expect([receiver.unreleased, receiver.outstanding]).toEqual([1, 1]);
    expect([receiver.release(5), receiver.release(5)]).toEqual([true, false]);
    expect([receiver.unreleased, receiver.outstanding]).toEqual([0, 0]);
    expect(receiver.onQos2(5)).toBe(true);
  });

  test("identifiers outlive the connection, the count does not", () => {
    const receiver = connected(2);
    receiver.onQos2(1);
    receiver.onQos2(2);
    receiver.connect(2);
    expect([receiver.unreleased, receiver.outstanding]).toEqual([2, 0]);
    expect(receiver.onQos2(1)).toBe(false);
    expect(receiver.outstanding).toBe(1);
    // Of the earlier connection: it was never counted in this one.
    expect(receiver.release(2)).toBe(true);
    expect(receiver.outstanding).toBe(1);
    expect(receiver.release(1)).toBe(true);
    expect(receiver.outstanding).toBe(0);
  });

  test("one more than the Receive Maximum is refused, a repeat is not one more", () => {
    const receiver = connected(2);
    receiver.onQos1();
    receiver.onQos2(7);
    expect(receiver.onQos2(7)).toBe(false);
    expect(reasonCodeOf(() => receiver.onQos1())).toBe(ReasonCode.RECEIVE_MAXIMUM_EXCEEDED);
    expect(reasonCodeOf(() => receiver.onQos2(8))).toBe(ReasonCode.RECEIVE_MAXIMUM_EXCEEDED);
    receiver.acknowledged();
    expect(receiver.onQos2(8)).toBe(true);
  });

  test("a refused identifier is free at once", () => {
    const receiver = connected(1);
    receiver.onQos2(3);
    receiver.refuse(3);
    receiver.refuse(3);
    expect([receiver.unreleased, receiver.outstanding]).toEqual([0, 0]);
    expect(receiver.onQos2(3)).toBe(true);
  });

  test("a refusal that comes a connection late gives no quota that was never taken", () => {
    const receiver = connected(1);
    receiver.onQos2(3);
    receiver.connect(1);
    receiver.refuse(3);
    expect(receiver.outstanding).toBe(0);
    receiver.onQos1();
    expect(reasonCodeOf(() => receiver.onQos1())).toBe(ReasonCode.RECEIVE_MAXIMUM_EXCEEDED);
  });

  test("all identifiers at once", () => {
    const receiver = connected(65_535);
    for (let packetId = 1; packetId <= 65_535; packetId++) receiver.onQos2(packetId);
    expect(receiver.unreleased).toBe(65_535);
    expect(reasonCodeOf(() => receiver.onQos1())).toBe(ReasonCode.RECEIVE_MAXIMUM_EXCEEDED);
    for (let packetId = 1; packetId <= 65_535; packetId++) receiver.release(packetId);
    expect([receiver.unreleased, receiver.outstanding]).toEqual([0, 0]);
  });

  test("sessions that never received QoS 2 share nothing that could be written to", () => {
    const first = connected();
    const second = connected();
    first.onQos2(1);
    expect(second.unreleased).toBe(0);
    expect(second.release(1)).toBe(false);
  });
});
