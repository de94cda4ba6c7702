// The ledger has no gaps, and its pages in the documentation are up to date.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../../scripts/checkout.ts";
import type { ConformanceCase } from "../../src/testing/conformance/case.ts";
import { conformanceCases } from "../../src/testing/conformance/cases/index.ts";
import { claims } from "../../src/testing/conformance/ledger/claims.ts";
import { buildLedger } from "../../src/testing/conformance/ledger/ledger.ts";
import { caseFiles, ledgerMarkdown } from "../../src/testing/conformance/ledger/markdown.ts";
import { deviationLine } from "./deviations-page.ts";
import { aedesDeviations, mosquittoDeviations } from "./known-deviations.ts";

const read = (path: string): string => readFileSync(join(root, path), "utf8");
const ledger = buildLedger(conformanceCases);

describe("the ledger", () => {
  test("has no open row", () => {
    expect(ledger.filter(({ state }) => state === "open").map(({ id }) => id)).toEqual([]);
  });

  test("calls a statement open when nothing tests it", () => {
    const lost = "5.0/MQTT-3.3.1-4";
    const without = conformanceCases.map(
      (each): ConformanceCase => ({ ...each, statements: each.statements.filter((id) => id !== lost) }),
    );
    const entry = buildLedger(without, []).find(({ id }) => id === lost);
    expect(entry).toMatchObject({ state: "open", remark: "nothing tests it" });
  });

  test("has no row that waits for the client", () => {
    expect(ledger.filter(({ state }) => state === "waits: client").map(({ id }) => id)).toEqual([]);
  });

  test("says where the client's half of a statement is not tested", () => {
    const both = ledger.filter(({ binds, state }) => binds === "both" && state === "tested");
    const shown = new Set(
      claims.filter(({ side }) => side === "both").flatMap(({ statements }) => statements),
    );
    expect(shown.size).toBeGreaterThan(80);
    for (const { id, remark } of both) {
      expect(remark, id).toBe(shown.has(id) ? "" : "for the server; no test names the client's half");
    }
    const bound = new Set(both.map(({ id }) => id));
    expect([...shown].filter((id) => !bound.has(id))).toEqual([]);
  });
});

describe("the pages", () => {
  test("docs/reference/conformance.md is what the ledger says", () => {
    const sources = globSync("src/testing/conformance/cases/*.ts", { cwd: root }).map(
      (path) => [path, read(path)] as const,
    );
    // `node --conditions martlet-dev scripts/ledger.ts --markdown` writes it.
    expect(read("docs/reference/conformance.md")).toBe(ledgerMarkdown(ledger, caseFiles(sources)));
  });

  test("every statement of docs/reference/conformance.md that is tested has a link", () => {
    const rows = read("docs/reference/conformance.md").split("\n");
    const tested = rows.filter((row) => row.includes("| tested: "));
    expect(tested.length).toBe(ledger.filter(({ state }) => state === "tested").length);
    expect(tested.filter((row) => !/\]\(\.\.\/\.\.\/(src|test)\//.test(row))).toEqual([]);
  });

  test("docs/reference/conformance-known-deviations.md has every known deviation", () => {
    const lines = new Set(read("docs/reference/conformance-known-deviations.md").split("\n"));
    const rows = [...Object.entries(mosquittoDeviations), ...Object.entries(aedesDeviations)];
    const wanted = rows.map(([row, reason]) => deviationLine(row, reason));
    expect(wanted.filter((line) => !lines.has(line))).toEqual([]);
    expect([...lines].filter((line) => line.startsWith("- **")).toSorted()).toEqual(
      [...new Set(wanted)].toSorted(),
    );
  });
});
