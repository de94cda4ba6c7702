/** The client's suite in Chromium, in a page and in a worker, bundled as a program's build would; and the same in Node. */

import { createServer } from "node:http";
import { chromium, type Page } from "playwright-core";
import { describe, expect, onTestFinished, test } from "vitest";
import { socketBroker } from "../support/brokers.ts";
import { bundle, bundleTests } from "./bundle.ts";
import { runSuite, type SuiteResult } from "./suite.ts";

const CASES = 13;

function expectPassed({ passed, failed }: SuiteResult): void {
  expect(failed).toEqual([]);
  expect(passed.length).toBe(CASES);
}

/** The cases that vitest runs in Node: a broker, clients and pipes in memory, all of it in the page, in virtual time. */
const shared = ["basics", "faults", "features", "lifetimes", "statements", "users-asks"].map(
  (name) => `test/client/${name}.test.ts`,
);
/** Fewer would mean that a file was not run. */
const LEAST_SHARED_CASES = 85;

function expectSharedPassed({ passed, failed }: SuiteResult): void {
  expect(failed).toEqual([]);
  expect(passed.length).toBeGreaterThan(LEAST_SHARED_CASES);
}

/** An origin of its own: IndexedDB and WebCrypto are for secure contexts, which loopback is. */
async function serve(script: string, run: string): Promise<string> {
  const worker = `${script}; ${run}.then((result) => postMessage(result));`;
  const server = createServer((request, response) => {
    const [type, body] =
      request.url?.startsWith("/worker.js") === true
        ? ["text/javascript; charset=utf-8", worker]
        : request.url === "/suite.js"
          ? ["text/javascript; charset=utf-8", script]
          : ["text/html", "<!doctype html><script src='/suite.js'></script>"];
    response.writeHead(200, { "content-type": type });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

/** A page that has loaded `script`; its worker, `/worker.js`, also runs `run` and posts the result. */
async function pageWith(script: string, run: string): Promise<Page> {
  const origin = await serve(script, run);
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-background-networking",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
    ],
  });
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  await page.goto(origin);
  return page;
}

/** A program for the page: starts its worker and resolves with what that posts. */
function inWorkerAt(query: string): string {
  return `new Promise((resolve, reject) => {
    const worker = new Worker("/worker.js" + ${JSON.stringify(query)});
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  })`;
}

describe("Chromium", () => {
  test("runs the cases that Node runs, in a page and in a worker", async () => {
    const { code } = await bundleTests(shared);
    const page = await pageWith(code, "runCases()");
    expectSharedPassed(await page.evaluate<SuiteResult>("runCases()"));
    expectSharedPassed(await page.evaluate<SuiteResult>(inWorkerAt("")));
  }, 120_000);

  test("runs the suite over WebSocket in a page and in a worker", async () => {
    const { webSocketPort } = await socketBroker();
    const { code } = await bundle(
      `import { runSuite } from "./suite.ts";\nObject.assign(globalThis, { runSuite });\n`,
      { format: "iife" },
    );
    const page = await pageWith(code, `runSuite(new URL(location.href).searchParams.get("broker"))`);
    const broker = `ws://127.0.0.1:${webSocketPort}/mqtt`;
    expectPassed(await page.evaluate<SuiteResult>(`runSuite(${JSON.stringify(broker)})`));
    const inWorker = inWorkerAt(`?broker=${encodeURIComponent(broker)}`);
    await page.evaluate(`indexedDB.deleteDatabase("suite")`);
    expectPassed(await page.evaluate<SuiteResult>(inWorker));
  }, 60_000);
});

test("the build for every runtime does the same in Node, which has no IndexedDB", async () => {
  const { webSocketPort } = await socketBroker();
  const { passed, failed } = await runSuite(`ws://127.0.0.1:${webSocketPort}/mqtt`);
  expect(failed.filter((name) => !name.startsWith("an outbox in IndexedDB"))).toEqual([]);
  expect(passed.length).toBe(CASES - 1);
});
