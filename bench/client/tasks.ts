/** Which clients are measured, what at, and what Martlet's is to reach beside MQTT.js. */

import { createRequire } from "node:module";

export const libraryNames = ["martlet", "mqttjs"] as const;
export type LibraryName = (typeof libraryNames)[number];

/** Messages per second of processor time, as a multiple of those of MQTT.js; undefined where none is set. */
export const taskTargets = {
  "publish QoS 0": 3,
  "publish QoS 1": 2,
  "publish QoS 2": undefined,
  receive: 3,
} as const;
export type ClientTask = keyof typeof taskTargets;
export const clientTasks = Object.keys(taskTargets) as ClientTask[];

/** `MQTT.js 5.16.0` */
export function mqttjsTitle(): string {
  const { version } = createRequire(import.meta.url)("mqtt/package.json") as { version: string };
  return `MQTT.js ${version}`;
}
