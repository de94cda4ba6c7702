/** Brokers for one test: started with the listeners that it needs, stopped when it ends. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type BrokerOptions, createBroker, type MartletBroker } from "#server";
import { VirtualClock } from "#testing";
import { connectTcp, connectWebSocket } from "#transport";
import { type ConnectWishes, TestClient } from "./test-client.ts";
import { until } from "./until.ts";

/** A broker on loopback sockets, in the time of the machine. */
export interface SocketBroker {
  readonly broker: MartletBroker;
  readonly port: number;
  readonly webSocketPort: number;
  readonly unixPath: string;
  /** A connected client of our own. */
  client(wishes: ConnectWishes, over?: "tcp" | "websocket" | "unix"): Promise<TestClient>;
}

/** TCP, WebSocket and Unix socket; `$SYS` only when `settings` ask for it. */
export async function socketBroker(options: Omit<BrokerOptions, "listeners"> = {}): Promise<SocketBroker> {
  const folder = mkdtempSync(join(tmpdir(), "martlet-"));
  const unixPath = join(folder, "s");
  const broker = createBroker({
    ...options,
    settings: { sysIntervalSeconds: 0, ...options.settings },
    listeners: [
      { protocol: "tcp", port: 0 },
      { protocol: "websocket", port: 0 },
      { protocol: "unix", path: unixPath },
    ],
  });
  onTestFinished(async () => {
    await broker.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  await broker.start();
  const portOf = (transport: string): number => {
    const address = broker.addresses.find((each) => each.transport === transport);
    if (address === undefined) throw new Error(`no ${transport} listener`);
    return address.port;
  };
  const port = portOf("tcp");
  const webSocketPort = portOf("websocket");
  return {
    broker,
    port,
    webSocketPort,
    unixPath,
    async client(wishes, over = "tcp") {
      const pipe =
        over === "websocket"
          ? await connectWebSocket({ url: `ws://127.0.0.1:${webSocketPort}/mqtt` })
          : await connectTcp(over === "unix" ? { path: unixPath } : { port });
      const client = new TestClient(pipe, wishes.version ?? 4, until);
      onTestFinished(() => client.cut());
      await client.connect(wishes);
      return client;
    },
  };
}

/** A broker in memory and in virtual time. */
export interface VirtualBroker {
  readonly broker: MartletBroker;
  readonly clock: VirtualClock;
  /** A pipe to the broker with a client of our own that has not said anything. */
  pipe(version?: ConnectWishes["version"]): TestClient;
  /** A connected client of our own. */
  client(wishes: ConnectWishes): Promise<TestClient>;
  /** Lets everything happen that can happen at the present time. */
  settle(): Promise<void>;
  /** Lets time pass. */
  pass(seconds: number): Promise<void>;
}

/** More rounds at one instant than this mean that nothing will come of it. */
const MOST_ROUNDS = 1000;

export async function virtualBroker(
  options: Omit<BrokerOptions, "listeners" | "clock"> = {},
): Promise<VirtualBroker> {
  const clock = new VirtualClock();
  const broker = createBroker({
    ...options,
    clock,
    settings: { sysIntervalSeconds: 0, ...options.settings },
  });
  await broker.start();
  const settle = async (): Promise<void> => {
    do {
      clock.runTurns();
      await new Promise((resolve) => setImmediate(resolve));
    } while (clock.busy);
  };
  const untilInTurns = async (what: string, done: () => boolean): Promise<void> => {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      await settle();
      if (done()) return;
    }
    throw new Error(`does not happen: ${what}`);
  };
  const pipe = (version: ConnectWishes["version"]): TestClient =>
    new TestClient(broker.connectPipe(), version ?? 4, untilInTurns);
  return {
    broker,
    clock,
    pipe,
    settle,
    async client(wishes) {
      const client = pipe(wishes.version);
      await client.connect(wishes);
      return client;
    },
    async pass(seconds) {
      // Second by second, so that clients and broker answer each other on the way.
      for (let left = seconds * 1000; left > 0; left -= 1000) {
        await settle();
        clock.advance(Math.min(left, 1000));
      }
      await settle();
    },
  };
}
