import { expect, test } from "vitest";
import { failureText } from "./failure-text.ts";

test("a refusal has words, everything else is as it was", () => {
  const refused = Object.assign(new Error("connect was refused: reason 0x87"), { reasonCode: 0x87 });
  expect(failureText(refused)).toBe("connect was refused: reason 0x87 (not authorized)");
  expect(failureText(new Error("no route"))).toBe("no route");
  expect(failureText("odd")).toBe("odd");
  expect(failureText(undefined)).toBe("undefined");
});
