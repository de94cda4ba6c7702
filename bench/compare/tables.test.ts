import { stripVTControlCharacters, styleText } from "node:util";
import { describe, expect, test } from "vitest";
import { withBlock } from "./docs-block.ts";
import { digits, duration, shortNumber } from "./number-format.ts";
import { markdownTable, textTable } from "./table.ts";

test.each([
  { value: undefined, expected: "–" },
  { value: 0.05912, expected: "0.059" },
  { value: 999.6, expected: "1.00k" },
  { value: 9_999.6, expected: "10.0k" },
  { value: 229_400, expected: "229k" },
  { value: 999_700, expected: "1.00M" },
  { value: 14_840_000, expected: "14.8M" },
])("$value is written $expected", ({ value, expected }) => {
  expect(shortNumber(value)).toBe(expected);
});

test("rounding does not add a digit", () => {
  expect([9.996, 99.96, 0.9996].map(digits)).toEqual(["10.0", "100", "1.00"]);
});

test.each([
  { microseconds: 311, expected: "311 µs" },
  { microseconds: 2_724, expected: "2.72 ms" },
  { microseconds: 1_940_000, expected: "1.94 s" },
])("$microseconds µs are written $expected", ({ microseconds, expected }) => {
  expect(duration(microseconds)).toBe(expected);
});

describe("a table", () => {
  const table = {
    head: ["scenario", "ratio"],
    rows: [
      ["pairs", styleText("red", "2.1×", { validateStream: false })],
      ["a|b", "10.0×"],
    ],
  };

  test("in a terminal is aligned, whatever the colours", () => {
    expect(stripVTControlCharacters(textTable(table)).split("\n")).toEqual([
      "scenario  ratio",
      "────────  ─────",
      "pairs      2.1×",
      "a|b       10.0×",
    ]);
  });

  test("in Markdown has no colours, and no cells that break", () => {
    expect(markdownTable(table).split("\n")).toEqual([
      "| scenario | ratio |",
      "| --- | --: |",
      "| pairs | 2.1× |",
      "| a\\|b | 10.0× |",
    ]);
  });
});

describe("the block of a page", () => {
  const page = "# A\n\n<!-- bench:start -->\n\nold\n\n<!-- bench:end -->\n\nrest\n";

  test("is replaced, and nothing else", () => {
    const changed = withBlock(page, "new\n", "bench");
    expect(changed).toBe("# A\n\n<!-- bench:start -->\n\nnew\n\n<!-- bench:end -->\n\nrest\n");
    expect(withBlock(changed ?? "", "new\n", "bench")).toBe(changed);
  });

  test("is known by its name", () => {
    const both = `<!-- bench:client:start -->\n\nclients\n\n<!-- bench:client:end -->\n${page}`;
    expect(withBlock(both, "new", "bench")).toBe(both.replace("old", "new"));
    expect(withBlock(both, "new", "bench:client")).toBe(both.replace("clients", "new"));
  });

  test("has to be there", () => {
    expect(withBlock(page, "new", "bench:client")).toBeUndefined();
    expect(withBlock("# A\n", "new", "bench")).toBeUndefined();
    expect(withBlock("<!-- bench:end --><!-- bench:start -->", "new", "bench")).toBeUndefined();
  });
});
