/**
 * A broker for the crash harness, on a disk that leaves its folder as a power cut does when this process is killed. Prints its
 * port, and ends with its standard input. Started without the condition `martlet-dev`, so it runs on `dist/`.
 *
 *     node test/crash/power-broker.ts <folder> [durable|os]
 */

import { systemClock, systemRandom } from "#base";
import { createBroker } from "#server";
import { Journal } from "#store";
import { powerCutDisk } from "./power-cut-disk.ts";

const [, , parent = "", mode = "durable"] = process.argv;
const random = systemRandom();
const store = new Journal({
  disk: powerCutDisk(`${parent}/journal`, random),
  clock: systemClock(),
  random,
  mode: mode === "os" ? "os" : "durable",
  // Small, so that segments are full and cleaned while the harness looks.
  settings: { segmentBytes: 256 * 1024, readAheadBytes: 4096 },
});
const broker = createBroker({ listeners: [{ protocol: "tcp", port: 0, host: "127.0.0.1" }], store });
await broker.start();
process.stdout.write(`${broker.addresses[0]?.port}\n`);
// Whoever started it holds the other end.
process.stdin.on("end", () => process.exit()).resume();
