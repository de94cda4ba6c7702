/**
 * The other runtimes: none of them is here to run the client, but their conditions lead to a door that asks for no Node module,
 * and that door is sound without Node's types.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readPackageJson, root, toolPath } from "../../scripts/checkout.ts";
import { bundleFor, doorFor } from "./bundle.ts";

const program = `import { connect, json, topicPattern, type Message } from "martlet/client";

const client = await connect("wss://broker.example.org/mqtt", { reconnect: { stopAfterMs: 1_000 } });
await client.publish("rooms/kitchen", { celsius: 21 }, { codec: json<{ celsius: number }>(), qos: 1 });
for await (const message of client.subscribe(topicPattern("rooms/{room}"))) {
  const room: string = message.parameters.room;
  const plain: Message<{ readonly room: string }> = message;
  Object.assign(globalThis, { room, plain });
}
`;

// MQTT.js #1604, #1582, #1294, #1338, #1441: "Buffer is not defined", and forks with everything bundled beforehand.
test.each([
  ["Deno", ["deno"]],
  ["Bun", ["bun"]],
  ["a worker", ["worker", "browser"]],
  ["a browser", ["browser"]],
  ["Cloudflare's workers", ["workerd", "worker"]],
  ["a runtime of no name", []],
])(
  "bundling (users' row 21): the bundle of %s has no Node module and none of Node's globals",
  async (_, conditions) => {
    const { code, nodeModules } = await bundleFor(program, [...conditions, "module", "import", "default"]);
    expect(nodeModules).toEqual([]);
    expect(code).toContain("WebSocket");
    expect(code).not.toMatch(/\b(Buffer|process|global|__dirname|require)\b[.(]/);
    expect(code).not.toMatch(/from\s*["'`](node:|martlet)/);
  },
);

// aedes #1081, #1083, #1093; MQTT.js #1645, #2008: types that the compiler does not find, or that miss options.
test("TypeScript (users' row 22): every runtime finds the same types, and they are sound without Node's", () => {
  const runtimes = [["deno"], ["bun"], ["browser"], ["worker", "browser"], ["workerd", "worker"], []];
  const doors = runtimes.map((conditions) =>
    doorFor(readPackageJson().exports["./client"], [...conditions, "import", "types"]),
  );
  expect(new Set(doors)).toEqual(new Set(["./dist/client/browser/index.d.ts"]));

  const folder = mkdtempSync(join(root, "test/browser/.types-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "program.ts"), program);
  const compilerOptions = {
    target: "es2024",
    lib: ["es2024", "esnext.disposable", "dom"],
    types: [],
    module: "esnext",
    moduleResolution: "bundler",
    moduleDetection: "force",
    // Sources instead of dist/.
    customConditions: ["martlet-dev"],
    paths: { "martlet/client": [join(root, "src/client/browser/index.ts")] },
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    allowImportingTsExtensions: true,
    noEmit: true,
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["program.ts"] }));
  const compiler = toolPath("typescript", "tsc");
  const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", folder], { encoding: "utf8" });
  expect(stdout).toBe("");
  expect(status).toBe(0);
});
