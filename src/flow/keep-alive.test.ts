import { expect, test } from "vitest";
import { KeepAlive } from "./keep-alive.ts";

test("the peer has one and a half times its Keep Alive from when it was heard", () => {
  const keepAlive = new KeepAlive(60, 1000);
  expect(keepAlive.remainingMs(1000)).toBe(90_000);
  expect(keepAlive.remainingMs(91_000)).toBe(0);
  expect(keepAlive.remainingMs(92_000)).toBe(-1000);
  keepAlive.heard(50_000);
  expect(keepAlive.remainingMs(92_000)).toBe(48_000);
});
