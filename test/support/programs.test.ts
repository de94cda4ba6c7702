// What the interop tests rely on: a program that is missing or fails is noticed.
import { expect, test } from "vitest";
import { run, runWell } from "./programs.ts";

test("a program that is not installed fails the test and says where it comes from", async () => {
  await expect(run("no-such-program-of-martlet", [])).rejects.toThrow(".ci/run installs it");
});

test("a bad end of a program fails the test with what it printed", async () => {
  const script = "process.stderr.write('what went wrong'); process.exit(3)";
  await expect(runWell(process.execPath, ["-e", script])).rejects.toThrow("ended with 3:\nwhat went wrong");
});
