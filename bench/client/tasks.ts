/** What the clients are measured at, and what Martlet's is to reach beside MQTT.js. */

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
