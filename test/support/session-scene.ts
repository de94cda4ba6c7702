/** One client whose session outlives its connection, and one who publishes to it. */

import { Bench, type BenchClient, type ConnectOptions } from "./broker-bench.ts";

export const RESUME = { cleanStart: false, expiry: 600 } as const;

/** A bench with `p`, who publishes, and `c`, who subscribed to `#` with `qos`. */
export function scene(options: ConnectOptions = {}, settings = {}, qos: 0 | 1 | 2 = 2) {
  const bench = new Bench({ settings });
  const publisher = bench.connect("p");
  const client = bench.connect("c", { ...RESUME, ...options });
  client.sub("#", { qos });
  client.news();
  const publish = (...payloads: string[]): void => {
    for (const payload of payloads)
      publisher.pub("t", payload.slice(1), { qos: Number(payload[0]) as 0 | 1 | 2 });
  };
  const back = (more: ConnectOptions = {}): BenchClient => bench.connect("c", { ...RESUME, ...more });
  return { bench, publisher, client, publish, back };
}
