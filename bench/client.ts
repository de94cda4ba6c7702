/** `npm run bench:client`: Martlet's client beside MQTT.js, as a table; `-- --rounds 5 --seconds 2` are the defaults. */

import { parseArgs } from "node:util";
import { clientRows } from "./client/rows.ts";
import { shortNumber, times } from "./compare/number-format.ts";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, seconds: { type: "string", default: "2" } },
});

const rows = await clientRows({
  rounds: Number(values.rounds),
  durationSeconds: Number(values.seconds),
  onMeasured: (task, library, rate) => console.error(`${task}: ${library} ${shortNumber(rate)}`),
});

console.log("| messages per CPU second of the client | Martlet | MQTT.js 5.16 | ratio | target |");
console.log("| --- | --- | --- | --- | --- |");
for (const { task, martlet, mqttjs, ratio, target } of rows) {
  const aim = target === undefined ? "" : `≥ ${target}×`;
  console.log(`| ${task} | ${shortNumber(martlet)} | ${shortNumber(mqttjs)} | ${times(ratio)} | ${aim} |`);
}
