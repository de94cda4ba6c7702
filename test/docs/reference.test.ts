// The reference says what the source says, and links lead somewhere.
import { spawnSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { errorCatalogue } from "#base";
import { root } from "../../scripts/checkout.ts";
import { pages, textOf } from "./pages.ts";

describe("docs/reference", () => {
  it("is up to date", () => {
    const args = ["--conditions", "martlet-dev", "scripts/generate-reference.ts", "--check"];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  it("has each error code that the source uses, and no other", () => {
    const catalogue = Object.keys(errorCatalogue).toSorted();
    const documented = [...textOf("docs/reference/errors.md").matchAll(/^\| `(MARTLET_\w+)` \| \S/gm)];
    expect(documented.map((match) => String(match[1])).toSorted()).toEqual(catalogue);

    const used = new Set<string>();
    for (const file of globSync("src/**/*.ts", { cwd: root, exclude: ["src/**/*.test.ts"] })) {
      if (file.endsWith("error-codes.ts")) continue;
      const source = readFileSync(join(root, file), "utf8");
      for (const [, code = ""] of source.matchAll(/"(MARTLET_[A-Z_]+)"/g)) used.add(code);
    }
    expect([...used].toSorted()).toEqual(catalogue);
  });
});

describe("links", () => {
  it.each(pages())("of %s lead to files that exist", (page) => {
    const prose = textOf(page).replaceAll(/^```.*?^```$/gms, "");
    const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => String(match[1]));
    const local = targets.filter((target) => !/^(https?:|mailto:|#)/.test(target));
    const missing = local.filter((target) => {
      return !existsSync(join(root, dirname(page), target.replace(/#.*/, "")));
    });
    expect(missing).toEqual([]);
  });

  it("reach every page from docs/README.md", () => {
    const index = textOf("docs/README.md");
    const unlisted = pages().filter((page) => {
      if (!page.startsWith("docs/") || page.startsWith("docs/adr/") || page === "docs/README.md")
        return false;
      return !index.includes(`(${page.slice("docs/".length)})`);
    });
    expect(unlisted).toEqual([]);
  });
});
