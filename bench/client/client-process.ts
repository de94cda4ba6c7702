/**
 * One client in a process of its own: publishes or receives as fast as it can for a while and tells its parent how many
 * messages that were and how much processor time they took. Both libraries run the same program against their promises.
 *
 *     node client-process.ts <library> <task> <port> <seconds>
 */

import mqtt from "mqtt";
import { connect } from "../../src/client/index.ts";
import type { ClientTask, LibraryName } from "./tasks.ts";

/** What a library has to do here. */
interface Library {
  publish(topic: string, payload: Uint8Array, qos: 0 | 1 | 2): Promise<unknown>;
  subscribe(topic: string, onMessage: () => void): Promise<unknown>;
}

export interface ClientUse {
  readonly messages: number;
  readonly cpuMicroseconds: number;
}

/** Published before their acknowledgements are waited for. */
const WINDOW = 100;
const PAYLOAD = new Uint8Array(64).fill(0x61);
const TOPIC = "bench/client/telemetry";
const WARM_UP_SHARE = 0.4;

const libraries: Readonly<Record<LibraryName, (port: number) => Promise<Library>>> = {
  async martlet(port) {
    const client = await connect(`mqtt://127.0.0.1:${port}`);
    return {
      publish: (topic, payload, qos) => client.publish(topic, payload, { qos }),
      subscribe: (topic, onMessage) => client.subscribe(topic, { qos: 0 }, onMessage).ready,
    };
  },
  async mqttjs(port) {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5 });
    return {
      publish: (topic, payload, qos) => client.publishAsync(topic, payload as Buffer, { qos }),
      subscribe(topic, onMessage) {
        client.on("message", onMessage);
        return client.subscribeAsync(topic, { qos: 0 });
      },
    };
  },
};

const qosOf: Readonly<Record<Exclude<ClientTask, "receive">, 0 | 1 | 2>> = {
  "publish QoS 0": 0,
  "publish QoS 1": 1,
  "publish QoS 2": 2,
};

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const [name, task, port, seconds] = process.argv.slice(2) as [LibraryName, ClientTask, string, string];
const library = await libraries[name](Number(port));
const payload = Buffer.from(PAYLOAD);
let messages = 0;
let isDone = false;

async function publishOn(qos: 0 | 1 | 2): Promise<void> {
  while (!isDone) {
    const window: Promise<unknown>[] = [];
    for (let i = 0; i < WINDOW; i++) window.push(library.publish(TOPIC, payload, qos));
    await Promise.all(window);
    messages += WINDOW;
    // Neither may keep the process from reading and writing.
    await nextTurn();
  }
}

const durationMs = Number(seconds) * 1000;

/** From now on: first the warm-up, then what counts. */
function begin(): void {
  setTimeout(() => {
    const before = { messages, cpu: process.cpuUsage() };
    setTimeout(() => {
      const { user, system } = process.cpuUsage(before.cpu);
      const use: ClientUse = { messages: messages - before.messages, cpuMicroseconds: user + system };
      isDone = true;
      process.send?.(use, () => process.exit());
    }, durationMs);
  }, durationMs * WARM_UP_SHARE);
}

if (task === "receive") {
  await library.subscribe(TOPIC, () => {
    // Nothing is to be measured while the feeder starts.
    if (messages++ === 0) begin();
  });
  process.send?.("ready");
} else {
  void publishOn(qosOf[task]);
  begin();
}
