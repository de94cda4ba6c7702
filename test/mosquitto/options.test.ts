// Each option of mosquitto has the effect that the table says, and would be missed if it had not.
import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import { type MosquittoOption, mosquittoOptions, readMosquittoConf } from "#mosquitto";
import { effects, reports } from "./option-rows.ts";
import { confWith, read } from "./reading.ts";

const names = ({ name, aliases = [] }: MosquittoOption): string[] => [name, ...aliases];
const wildcard = (name: string): string => name.replace("*", "");

function valueAt(tree: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (found, part) => (found as Record<string | number, unknown> | undefined)?.[part],
    tree,
  );
}

const effectRows = mosquittoOptions.flatMap((option) =>
  names(option).flatMap((name) =>
    (effects[option.name] ?? []).map((row) => ({ ...row, name, text: row.text.replaceAll("NAME", name) })),
  ),
);
const reportRows = mosquittoOptions.flatMap((option) =>
  names(option).flatMap((name) =>
    (reports[option.name] ?? []).map((row) => {
      const text = row.text.replaceAll("NAME", wildcard(name));
      return { ...row, name, text };
    }),
  ),
);

describe("an option of mosquitto", () => {
  it("has a row here, and says what it means", () => {
    const without = mosquittoOptions.filter(
      ({ name }) => effects[name] === undefined && reports[name] === undefined,
    );
    expect(without.map(({ name }) => name)).toEqual(["include_dir"]);
    const withoutEffect = mosquittoOptions.filter(
      ({ name, keys }) => keys.length > 0 && effects[name] === undefined,
    );
    expect(withoutEffect.map(({ name }) => name)).toEqual([]);
    for (const { name, says } of mosquittoOptions) expect(says, name).toMatch(/^[^ ].*[.]$/s);
  });

  it("is there once by each of its names", () => {
    const all = mosquittoOptions.flatMap(names);
    expect(all.toSorted()).toEqual([...new Set(all)].toSorted());
  });

  it.each(effectRows)("$name sets $path: $text", async ({ name, text, path, value }) => {
    const { configuration, reports: said } = await read(text);
    expect(valueAt(configuration, path)).toEqual(value);
    const without = text
      .split("\n")
      .filter((line) => !line.startsWith(`${name} `))
      .join("\n");
    const before = await read(without).catch(() => undefined);
    expect(before !== undefined && isDeepStrictEqual(valueAt(before.configuration, path), value)).toBe(false);
    expect(said.filter((each) => each.name === name).every(({ verdict }) => verdict !== "unsupported")).toBe(
      true,
    );
  });

  it.each(reportRows)("is $verdict: $text", ({ name, text, verdict }) => {
    const { options } = readMosquittoConf(confWith(text));
    const report = options.findLast((each) => each.name.startsWith(wildcard(name)));
    expect(report).toMatchObject({ verdict, line: text.split("\n").length });
    expect(report?.says).not.toBe("");
  });
});
