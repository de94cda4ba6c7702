import { expect, it } from "vitest";
import { strftimeText } from "./clock-text.ts";

it("writes a whole format, and leaves what it does not know", () => {
  const at = new Date(2026, 10, 21, 9, 5, 7);
  expect(strftimeText("%Y-%m-%dT%H:%M:%S", at)).toBe("2026-11-21T09:05:07");
  expect(strftimeText("[%T] 100%% %Q %", at)).toBe("[09:05:07] 100% %Q %");
});
