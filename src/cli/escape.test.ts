import * as fc from "fast-check";
import { expect, it } from "vitest";
import { printable } from "./escape.ts";

it("leaves ordinary text alone", () => {
  for (const text of ["sensor/1", "Größe '€' 温度 🙂", ""]) expect(printable(text)).toBe(text);
});

it("shows what could do harm", () => {
  expect(printable("a\n\r\tb\0\u001b\u0085\u2028\u202e\\n")).toBe(
    "a\\n\\r\\tb\\x00\\x1b\\x85\\u2028\\u202e\\\\n",
  );
});

it("cuts what is too long for a line", () => {
  expect(printable("x".repeat(65_535))).toBe(`${"x".repeat(1000)}... (65535 characters)`);
});

it("never lets two texts look the same, nor anything leave the line", () => {
  const text = fc.string({ unit: "binary", maxLength: 200 });
  fc.assert(
    fc.property(text, text, (one, other) => {
      expect(printable(one)).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
      expect(printable(one) === printable(other)).toBe(one === other);
    }),
  );
});
