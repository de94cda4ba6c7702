// Any text is read or refused in words; and what is printed is, read again, the same.
import fc from "fast-check";
import { parse, stringify } from "smol-toml";
import { describe, expect, it } from "vitest";
import { ConfigurationError, type Place, printConfiguration, type Reading, readConfiguration } from "#config";
import type { Declared, Leaf } from "../../src/config/declare.ts";
import { parseDocument } from "../../src/config/document.ts";
import { configurationSchema } from "../../src/config/schema/schema.ts";
import { judge } from "../../src/config/validator.ts";
import { textOf } from "../docs/pages.ts";
import { readText } from "./folder.ts";

const whole = textOf("examples/internet.toml");
const asJson = JSON.stringify(parse(whole), undefined, 1);

/** A text with pieces cut out, doubled, or replaced. */
function mutated(text: string): fc.Arbitrary<string> {
  const edit = fc.record({
    at: fc.nat(text.length),
    cut: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(60)),
    put: fc.oneof(
      fc.constantFrom(
        "",
        "[",
        "]",
        '"',
        "'",
        "=",
        "\n",
        "{",
        "}",
        "#",
        ".",
        '"""',
        "5",
        "[[listeners]]\n",
        "__proto__",
      ),
      fc.string({ maxLength: 6, unit: "binary" }),
    ),
  });
  return fc.array(edit, { minLength: 1, maxLength: 5 }).map((edits) => {
    let changed = text;
    for (const { at, cut, put } of edits) changed = changed.slice(0, at) + put + changed.slice(at + cut);
    return changed;
  });
}

/** What is wrong with a text, each with its line; 0 for the file as a whole. */
async function wrongIn(name: string, text: string): Promise<{ says: string; line: number }[]> {
  try {
    const { tree, placeOf } = await parseDocument(name, text);
    return judge(configurationSchema, tree).complaints.map(({ path, says }) => ({
      says,
      line: lineOf(placeOf(path)),
    }));
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.problems.map(({ place, says }) => ({ says, line: lineOf(place) }));
  }
}

function lineOf(place: Place): number {
  return place.kind === "file" ? place.line : -1;
}

describe("a file that somebody has damaged", () => {
  it.each([
    ["a.toml", whole],
    ["a.yaml", asJson.replaceAll(/"(\w+)":/g, "$1:")],
    ["a.json", asJson],
  ])("%s gives no other error than that of a configuration", async (name, text) => {
    await fc.assert(
      fc.asyncProperty(mutated(text), async (changed) => {
        const last = changed.split("\n").length;
        for (const { says, line } of await wrongIn(name, changed)) {
          expect(says).toMatch(/^\S.*[.?]$/s);
          expect(line >= 0 && line <= last, `${line} of ${last}`).toBe(true);
        }
      }),
      { numRuns: 250 },
    );
  });

  it("may be nested without end", async () => {
    for (const name of ["a.toml", "a.yaml", "a.json"]) {
      for (const depth of [40, 20_000]) {
        const nested = `${"[".repeat(depth)}${"]".repeat(depth)}`;
        const text = name === "a.toml" ? `log = ${nested}` : `{"log": ${nested}}`;
        await expect(parseDocument(name, text), `${name} ${depth}`).rejects.toThrow(ConfigurationError);
      }
    }
  });
});

/** Values that fit a declaration, as JSON has them. */
function fitting(declared: Declared): fc.Arbitrary<unknown> {
  switch (declared.kind) {
    case "table": {
      const entries = Object.entries(declared.entries);
      const required = entries.filter(([, each]) => each.required === true).map(([name]) => name);
      const values = Object.fromEntries(entries.map(([name, each]) => [name, fitting(each)]));
      return fc.record(values, { requiredKeys: required });
    }
    case "tables":
      return fc.array(fitting(declared.item), { maxLength: 3 });
    default:
      return fittingLeaf(declared);
  }
}

const someText = fc.oneof(
  fc.string({ minLength: 1, unit: "grapheme" }),
  fc.constantFrom("#", '"', "\n\u0000", "a=b", "\\"),
);

function fittingLeaf(leaf: Leaf): fc.Arbitrary<unknown> {
  switch (leaf.kind) {
    case "whole":
      return fc.integer({ min: leaf.lowest, max: leaf.highest });
    case "toggle":
      return fc.boolean();
    case "choice":
      return fc.constantFrom(...leaf.choices);
    case "mode":
      return fc.constantFrom("0660", "600", "0777");
    case "path":
      return fc.stringMatching(/^\/[a-z #"']{1,12}$/);
    case "pairs":
      return fc.dictionary(fc.string({ minLength: 1 }), someText, { maxKeys: 3 });
    case "list":
      return fc.array(fitting(leaf.item), { minLength: leaf.fewest ?? 0, maxLength: 3 });
    case "text":
      return leaf.form === undefined ? someText : formed(leaf.form.words);
  }
}

/** Texts of a form, by the words for it. */
function formed(words: string): fc.Arbitrary<string> {
  if (words.includes("range")) return fc.constantFrom("192.0.2.7", "10.0.0.0/8", "::1", "loopback");
  if (words.includes("URL")) return fc.constantFrom("https://a.example/b?c=d", "http://localhost:1");
  if (words.includes("header:")) return fc.constantFrom("password", "header:x-token", "query:token");
  if (words.includes("regular")) return fc.constantFrom("[a-z]+", "a|b");
  return fc.constantFrom("name", "a-b.c_d");
}

/** What `given` says without the parts that contradict others; undefined when those do not end. */
async function readRepaired(given: Record<string, unknown>): Promise<Reading | undefined> {
  for (let attempt = 0; attempt < 8; attempt++) {
    try {
      return await readText(stringify(given));
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      for (const { path, says } of error.problems.toReversed()) {
        if (path.length === 0) throw new TypeError(says);
        const [name = "", part = ""] = path;
        if (name === "listeners") (given["listeners"] as unknown[]).splice(Number(part), 1);
        else if (name === "logins") delete (given["logins"] as Record<string, unknown>)[part];
        else delete given[name];
      }
    }
  }
  return undefined;
}

describe("what is printed", () => {
  const lines = (reading: Reading): string[] =>
    printConfiguration(reading, { showSecrets: true })
      .split("\n")
      .map((line) => line.replace(/ {2}# [^"]*$/, ""));

  it("is the same configuration when it is read, for any that is allowed", async () => {
    let readable = 0;
    await fc.assert(
      fc.asyncProperty(fitting(configurationSchema), async (tree) => {
        const given = JSON.parse(JSON.stringify(tree)) as Record<string, unknown>;
        expect(judge(configurationSchema, given).complaints).toEqual([]);
        const reading = await readRepaired(given);
        if (reading === undefined) return;
        readable += 1;
        const again = await readText(printConfiguration(reading, { showSecrets: true }));
        const { persistence, ...rest } = again.configuration;
        const { persistence: first, ...others } = reading.configuration;
        expect(rest).toEqual(others);
        expect({ ...persistence, folder: "" }).toEqual({ ...first, folder: "" });
      }),
      { numRuns: 60 },
    );
    expect(readable).toBeGreaterThan(30);
  });

  it("names sources, and hides secrets", async () => {
    const reading = await readConfiguration({
      settings: [
        "logins.jwt.secret=hush-hush",
        'logins.http={"url":"https://a.example","headers":{"a":"hush-hush"}}',
      ],
      variables: { MARTLET_LIMITS__MAXIMUM_CONNECTIONS: "5" },
    });
    const shown = printConfiguration(reading);
    expect(shown).not.toContain("hush");
    expect(shown).toContain('secret = "(hidden)"  # --set logins.jwt.secret\n');
    expect(shown).toContain('headers = { "a" = "(hidden)" }  # --set logins.http\n');
    expect(shown).toContain("maximum_connections = 5  # MARTLET_LIMITS__MAXIMUM_CONNECTIONS\n");
    expect(shown).toContain('overflow = "refuse-newest"  # default\n');
    expect(shown).toContain("# prefix is not set\n");
    expect(lines(reading)).toContain('secret = "hush-hush"');
  });
});
