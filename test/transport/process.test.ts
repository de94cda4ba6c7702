// What the pipes do to the process around them: exceptions, ticks, warnings, threads.
import { AsyncLocalStorage } from "node:async_hooks";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { describe, expect, onTestFinished, test } from "vitest";
import { connectTcp, tcpListener } from "#transport";
import { runWell } from "../support/programs.ts";
import { until } from "../support/until.ts";

const script = fileURLToPath(new URL("./throwing-receiver.ts", import.meta.url));

describe.each(["net", "handle"] as const)("%s pipes", (pipes) => {
  test("leave exceptions to the process, run ticks after each call, and warn of nothing", async () => {
    const args = ["--pending-deprecation", "--conditions", "martlet-dev", script, pipes];
    const { stdout, stderr } = await runWell(process.execPath, args);
    expect({ seen: JSON.parse(stdout), stderr }).toEqual({
      seen: [
        ["bytes: a", "tick", "microtask"],
        ["bytes: !", "uncaught: the receiver throws", "tick", "microtask"],
        ["bytes: b", "tick", "microtask"],
        "uncaught: the receiver throws at the end",
      ].flat(),
      stderr: "",
    });
  });

  test("run in a thread", async () => {
    const worker = new Worker(script, {
      argv: [pipes],
      execArgv: ["--conditions", "martlet-dev"],
      stdout: true,
      stderr: true,
    });
    let stdout = "";
    worker.stdout.on("data", (chunk) => (stdout += String(chunk)));
    const code = await new Promise((resolve) => worker.once("exit", resolve));
    expect({ code, seen: JSON.parse(stdout) }).toEqual({
      code: 0,
      seen: expect.arrayContaining(["bytes: b"]),
    });
  });
});

test("both kinds call back in the same asynchronous contexts", async () => {
  const storage = new AsyncLocalStorage<string>();
  const contextsOf = async (pipes: "net" | "handle"): Promise<(string | undefined)[]> => {
    const contexts: (string | undefined)[] = [];
    const note = (): void => void contexts.push(storage.getStore());
    const listener = tcpListener({ host: "127.0.0.1", port: 0, pipes });
    onTestFinished(() => listener.close());
    const [address] = await storage.run("start", () =>
      listener.start((pipe) => {
        note();
        pipe.open({ onBytes: note, onWritten: () => undefined, onClosed: note });
      }),
    );
    const client = await storage.run("client", () => connectTcp({ port: address?.port ?? 0 }));
    client.open({ onBytes: () => undefined, onWritten: () => undefined, onClosed: () => undefined });
    client.write(Uint8Array.of(1));
    await until("the byte arrived", () => contexts.length === 2);
    client.end();
    await until("it is closed", () => contexts.length === 3);
    return contexts;
  };
  expect(await contextsOf("handle")).toEqual(await contextsOf("net"));
});
