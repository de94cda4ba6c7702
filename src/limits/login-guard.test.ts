import { describe, expect, test } from "vitest";
import { type Ban, LoginGuard, type LoginLimits } from "./login-guard.ts";

const limits: LoginLimits = {
  maximumFailedLogins: 5,
  maximumFailedLoginsPerClientId: 8,
  failedLoginWindowMs: 1_000,
  banMs: 10_000,
  failedLoginDelayMs: 100,
  maximumFailedLoginDelayMs: 500,
  maximumTrackedAddresses: 50,
};

function guardWith(changes: Partial<LoginLimits> = {}): { guard: LoginGuard; banned: Ban[] } {
  const banned: Ban[] = [];
  return { guard: new LoginGuard({ ...limits, ...changes }, (ban) => banned.push(ban)), banned };
}

describe("refusals", () => {
  test("are held back twice as long each time, up to a bound, from the second on", () => {
    const { guard } = guardWith({ maximumFailedLogins: 0, maximumFailedLoginsPerClientId: 0 });
    const delays = [1, 2, 3, 4, 5, 6].map(() => guard.failed("a", "c", "u", 0));
    expect(delays).toEqual([0, 100, 200, 400, 500, 500]);
    for (let i = 0; i < 2_000; i++) guard.failed("a", "c", "u", 0);
    expect(guard.failed("a", "c", "u", 0)).toBe(500);
  });

  test("count by address and by client id, whichever is more", () => {
    const { guard } = guardWith();
    expect(guard.failed("a", "c1", "u", 0)).toBe(0);
    expect(guard.failed("a", "c2", "u", 0)).toBe(100);
    expect(guard.failed("b", "c2", "u", 0)).toBe(100);
    expect(guard.failed("b", "c3", "u", 0)).toBe(100);
    expect(guard.failed("d", "c9", "u", 0)).toBe(0);
  });

  test("are forgotten after the window, and by a success", () => {
    const { guard } = guardWith();
    guard.failed("a", "c", "u", 0);
    expect(guard.failed("a", "c", "u", 999)).toBe(100);
    expect(guard.failed("a", "c", "u", 1_000)).toBe(0);
    guard.failed("a", "c", "u", 1_000);
    guard.succeeded("a", "c", "u");
    expect(guard.size).toBe(0);
    expect(guard.failed("a", "c", "u", 1_000)).toBe(0);
  });

  test("are not forgotten by a success in another name", () => {
    const { guard, banned } = guardWith({ failedLoginDelayMs: 1 });
    for (let i = 0; i < 6; i++) {
      guard.failed("a", "c", "victim", 0);
      guard.succeeded("a", "c", "mallory");
    }
    expect(banned).toMatchObject([{ kind: "address", subject: "a", failures: 6 }]);
  });

  test("in several names, or in none, are forgotten by no success", () => {
    const { guard } = guardWith();
    guard.failed("a", "c", "victim", 0);
    guard.failed("a", "c", "mallory", 0);
    guard.succeeded("a", "c", "mallory");
    expect(guard.failed("a", "c", "mallory", 0)).toBe(200);
    guard.failed("b", "d", undefined, 0);
    guard.succeeded("b", "d", "mallory");
    expect(guard.failed("b", "d", undefined, 0)).toBe(100);
  });

  test("are not held back where no delay is set", () => {
    const { guard } = guardWith({ failedLoginDelayMs: 0 });
    expect([1, 2, 3].map(() => guard.failed("a", "c", "u", 0))).toEqual([0, 0, 0]);
  });
});

describe("a ban", () => {
  test("comes with one failure more than is allowed, is told once, and ends by itself", () => {
    const { guard, banned } = guardWith();
    for (let i = 0; i < 5; i++) guard.failed("a", `c${i}`, "u", 0);
    expect(guard.banOf("address", "a", 0)).toBeUndefined();
    guard.failed("a", "c5", "u", 0);
    guard.failed("a", "c6", "u", 0);
    const ban = { kind: "address", subject: "a", failures: 6, endsAt: 10_000 };
    expect(banned).toEqual([ban]);
    expect(guard.hasBans).toBe(true);
    expect(guard.bans(9_999)).toEqual([ban]);
    expect(guard.banOf("address", "b", 0)).toBeUndefined();
    expect(guard.bans(10_000)).toEqual([]);
    expect(guard.hasBans).toBe(false);
  });

  test("comes for a client id that is tried from everywhere", () => {
    const { guard, banned } = guardWith();
    for (let i = 0; i < 9; i++) guard.failed(`a${i}`, "c", "u", 0);
    expect(banned).toMatchObject([{ kind: "client-id", subject: "c" }]);
    expect(guard.banOf("client-id", "c", 1)).toBeDefined();
    expect(guard.banOf("address", "a1", 1)).toBeUndefined();
  });

  test("can be lifted, and the count begins again", () => {
    const { guard, banned } = guardWith();
    for (let i = 0; i < 6; i++) guard.failed("a", `c${i}`, "u", 0);
    expect(guard.lift("address", "a", 1)).toBe(true);
    expect(guard.lift("address", "a", 1)).toBe(false);
    expect(guard.banOf("address", "a", 1)).toBeUndefined();
    for (let i = 0; i < 5; i++) guard.failed("a", `c${i}`, "u", 2);
    expect(banned.length).toBe(1);
  });

  test("does not come where bans are off", () => {
    const { guard, banned } = guardWith({ maximumFailedLogins: 0, maximumFailedLoginsPerClientId: 0 });
    for (let i = 0; i < 100; i++) guard.failed("a", "c", "u", 0);
    expect(banned).toEqual([]);
  });
});

test("a hundred thousand strangers fill no more rows than there may be", () => {
  const { guard } = guardWith();
  for (let i = 0; i < 100_000; i++) guard.failed(`a${i}`, `c${i}`, "u", 0);
  expect(guard.size).toBe(100);
  for (let i = 0; i < 1_000; i++) for (let j = 0; j < 6; j++) guard.failed(`b${i}`, `d${i}`, "u", 0);
  expect(guard.bans(0).length).toBe(50);
  expect(guard.size).toBeLessThanOrEqual(200);
  guard.limits = { ...limits, maximumTrackedAddresses: 5 };
  expect(guard.size).toBeLessThanOrEqual(20);
});
