/** The client's suite in Chromium, in a page and in a worker, bundled as a program's build would; and the same in Node. */

import { createServer } from "node:http";
import { chromium } from "playwright-core";
import { describe, expect, onTestFinished, test } from "vitest";
import { socketBroker } from "../support/brokers.ts";
import { bundle } from "./bundle.ts";
import { runSuite, type SuiteResult } from "./suite.ts";

const CASES = 12;

function expectPassed({ passed, failed }: SuiteResult): void {
  expect(failed).toEqual([]);
  expect(passed.length).toBe(CASES);
}

/** An origin of its own: IndexedDB and WebCrypto are for secure contexts, which loopback is. */
async function serve(script: string): Promise<string> {
  const worker = `${script}; runSuite(new URL(location.href).searchParams.get("broker")).then((result) => postMessage(result));`;
  const server = createServer((request, response) => {
    const [type, body] =
      request.url?.startsWith("/worker.js") === true
        ? ["text/javascript", worker]
        : request.url === "/suite.js"
          ? ["text/javascript", script]
          : ["text/html", "<!doctype html><script src='/suite.js'></script>"];
    response.writeHead(200, { "content-type": type });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

describe("Chromium", () => {
  test("runs the suite in a page and in a worker", async () => {
    const { webSocketPort } = await socketBroker();
    const { code } = await bundle(
      `import { runSuite } from "./suite.ts";\nObject.assign(globalThis, { runSuite });\n`,
      { format: "iife" },
    );
    const origin = await serve(code);
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
    const broker = `ws://127.0.0.1:${webSocketPort}/mqtt`;
    expectPassed(await page.evaluate<SuiteResult>(`runSuite(${JSON.stringify(broker)})`));
    const inWorker = `new Promise((resolve, reject) => {
      const worker = new Worker("/worker.js?broker=" + encodeURIComponent(${JSON.stringify(broker)}));
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
    })`;
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
