/** What the client costs a page: its size, and that nothing of Node is in it. */

import { expect, test } from "vitest";
import { readPackageJson } from "../../scripts/checkout.ts";
import { bundle, doorFor } from "./bundle.ts";

/** Of `connect` alone, minified, gzip.  */
const BUDGET_BYTES = 16_384;

const connectAlone = `import { connect } from "../../src/client/browser/index.ts";\nObject.assign(globalThis, { connect });\n`;

test("connect fits its budget and asks for no Node module", async () => {
  const { gzipBytes, nodeModules, code } = await bundle(connectAlone.replace("../../src", "../../../src"));
  expect(nodeModules).toEqual([]);
  expect(code).not.toMatch(/\b(Buffer|process|__dirname|require)\b[.(]/);
  expect(gzipBytes).toBeLessThanOrEqual(BUDGET_BYTES);
});

test("what is not imported is not in it", async () => {
  const { code } = await bundle(connectAlone.replace("../../src", "../../../src"));
  for (const word of ["AES-GCM", "SCRAM", "indexedDB", "application/cbor", "application/json", "/ask/"]) {
    expect(code).not.toContain(word);
  }
  const all = await bundle(
    `import * as door from "../../../src/client/browser/index.ts";\nObject.assign(globalThis, { ...door });\n`,
  );
  for (const word of ["AES-GCM", "SCRAM", "indexedDB", "application/cbor"]) expect(all.code).toContain(word);
});

test.each([
  ["a browser's bundler", ["browser", "import"], "browser"],
  ["a worker's bundler", ["worker", "browser", "import"], "browser"],
  ["Deno", ["deno", "node", "import"], "browser"],
  ["Bun", ["bun", "node", "import"], "browser"],
  ["Cloudflare's workers", ["workerd", "worker", "import"], "browser"],
  ["Node", ["node", "import"], "node"],
])("%s finds its door", (_, conditions, door) => {
  const expected = door === "node" ? "./dist/client/index.js" : "./dist/client/browser/index.js";
  expect(doorFor(readPackageJson().exports["./client"], conditions)).toBe(expected);
});
