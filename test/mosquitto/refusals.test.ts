// What Debian's mosquitto_pub says and ends with when it is not let in: the same before Martlet as before mosquitto, with the same
// mosquitto.conf.
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { program as martlet } from "../cli/martlet-process.ts";
import { mosquittoProgram } from "../conformance/mosquitto.ts";
import { freePort } from "../support/ports.ts";
import { run, runWell, start } from "../support/programs.ts";
import { makeFolder } from "./mosquitto-with-state.ts";

const brokers: readonly (readonly [string, readonly string[]])[] = [
  [mosquittoProgram, []],
  [process.execPath, [martlet]],
];
const asks: readonly (readonly [string, readonly string[]])[] = [
  ["a wrong password", ["-u", "ann", "-P", "wrong"]],
  ["no password", ["-u", "ann"]],
  ["an unknown user", ["-u", "eve", "-P", "one"]],
  ["no user", []],
  ["who may", ["-u", "ann", "-P", "one"]],
];
const versions = ["mqttv31", "mqttv311", "mqttv5"] as const;

/** How each of `asks` ends in each version, as lines. */
async function answersOf(program: string, args: readonly string[]): Promise<string[]> {
  const folder = makeFolder();
  const passwords = join(folder, "passwords");
  writeFileSync(passwords, "");
  await runWell("mosquitto_passwd", ["-b", passwords, "ann", "one"]);
  chmodSync(passwords, 0o644);
  const port = await freePort();
  const conf = join(folder, "mosquitto.conf");
  writeFileSync(conf, `listener ${port} 127.0.0.1\nallow_anonymous false\npassword_file ${passwords}\n`);
  const broker = start(program, [...args, "-c", conf]);
  await broker.until("it runs", () => / running\n/.test(broker.stderr));
  const answers: string[] = [];
  for (const version of versions) {
    for (const [who, credentials] of asks) {
      const common = ["-h", "127.0.0.1", "-p", String(port), "-V", version, "-t", "t", "-m", "m"];
      const { code, stderr } = await run("mosquitto_pub", [...common, ...credentials]);
      answers.push(`${version}, ${who}: ${code} ${stderr}`);
    }
  }
  return answers;
}

it("mosquitto_pub cannot tell the two apart by how it is refused", async () => {
  const [ofMosquitto = [], ofMartlet = []] = await Promise.all(
    brokers.map(([program, args]) => answersOf(program, args)),
  );
  expect(ofMosquitto).toContain(
    "mqttv31, a wrong password: 5 Connection error: Connection Refused: not authorised.\nError: The connection was refused.\n",
  );
  expect(ofMosquitto.filter((answer) => answer.includes(": 0 "))).toHaveLength(versions.length);
  expect(ofMartlet).toEqual(ofMosquitto);
});
