import fc from "fast-check";
import { parse, stringify } from "smol-toml";
import { describe, expect, it } from "vitest";
import { type KeyPath, keyId } from "./key-path.ts";
import { tomlOffsets } from "./toml-places.ts";

/** Line and column of each path in `text`. */
function placesIn(text: string, ...paths: KeyPath[]): string[] {
  const offsets = tomlOffsets(text);
  return paths.map((path) => {
    const before = text.slice(0, offsets.get(keyId(path)) ?? -1).split("\n");
    return `${before.length}:${(before.at(-1) ?? "").length + 1}`;
  });
}

/** Every path in a value. */
function* pathsIn(value: unknown, path: KeyPath = []): Generator<KeyPath> {
  if (path.length > 0) yield path;
  if (Array.isArray(value))
    for (const [index, item] of value.entries()) yield* pathsIn(item, [...path, index]);
  else if (typeof value === "object" && value !== null) {
    for (const [name, item] of Object.entries(value)) yield* pathsIn(item, [...path, name]);
  }
}

describe("tomlOffsets", () => {
  it("finds keys, tables and elements of lists", () => {
    const text = `\uFEFF# [comment]
a.b = 1 # a.c = 2
"q\\u0041.x" = '''
[no]
it's'''
[t]
list = [ 1, # ]
  "a]", { k = '}', l.m = [ 5 ] },
]
[[many]]
x = 1
[many.sub]
y = """a \\""" ] """""
[[many]]
[[many.deep]]
z = 1979-05-27T07:32:00Z
[[many.deep]]
z = 2
`;
    parse(text);
    expect(
      placesIn(
        text,
        ["a", "b"],
        ["qA.x"],
        ["t"],
        ["t", "list", 1],
        ["t", "list", 2, "k"],
        ["t", "list", 2, "l", "m", 0],
        ["many", 0, "x"],
        ["many", 0, "sub", "y"],
        ["many", 1],
        ["many", 1, "deep", 0, "z"],
        ["many", 1, "deep", 1, "z"],
      ),
    ).toEqual(["2:1", "3:1", "6:1", "8:3", "8:11", "8:28", "11:1", "13:1", "14:1", "16:1", "18:1"]);
  });

  it("knows the place of everything that a document has", () => {
    const leaf = fc.oneof(fc.integer(), fc.boolean(), fc.string({ unit: "grapheme" }));
    const { table } = fc.letrec((tie) => ({
      table: fc.dictionary(fc.string({ minLength: 1, unit: "grapheme-ascii" }), tie("value"), { maxKeys: 4 }),
      value: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(leaf, { maxLength: 3 }),
        fc.array(tie("table"), { maxLength: 3 }),
        tie("table"),
      ),
    }));
    fc.assert(
      fc.property(table, (value) => {
        const text = stringify(value as Record<string, unknown>);
        const offsets = tomlOffsets(text);
        for (const path of pathsIn(parse(text))) {
          // A table of which only the tables within it are written has no line of its own.
          const below = keyId([...path, ""]);
          const isKnown = offsets.has(keyId(path)) || [...offsets.keys()].some((id) => id.startsWith(below));
          const isEmpty = JSON.stringify(path) === "[]";
          expect([text, path, isKnown || isEmpty]).toEqual([text, path, true]);
        }
      }),
      { numRuns: 300 },
    );
  });
});
