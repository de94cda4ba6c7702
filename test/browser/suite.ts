/**
 * What a browser has to show: it runs in a page, against brokers that the test started, and reports each case by name. It
 * knows the door only as a program does.
 */

import {
  aesGcm,
  connect,
  indexedDbOutbox,
  json,
  request,
  respond,
  scramSha256,
  topicPattern,
} from "../../src/client/browser/index.ts";

export interface SuiteResult {
  readonly passed: string[];
  readonly failed: string[];
}

class Failed extends Error {}

function same(actual: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Failed(`${a} is not ${b}`);
}

async function until(what: string, done: () => boolean): Promise<void> {
  const deadline = performance.now() + 8_000;
  while (!done()) {
    if (performance.now() > deadline) throw new Failed(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function cases(url: string): Record<string, () => Promise<void>> {
  const exchange = (version: 4 | 5, qos: 0 | 1 | 2) => async (): Promise<void> => {
    const client = await connect(url, { version });
    const got: string[] = [];
    const subscription = client.subscribe(topicPattern("browser/{what}"), {}, ({ parameters, payload }) => {
      got.push(`${parameters.what} ${payload.length}`);
    });
    await subscription.ready;
    for (const size of [0, 10, 100_000])
      await client.publish(`browser/${size}`, new Uint8Array(size), { qos });
    await until("all are back", () => got.length === 3);
    same(got, ["0 0", "10 10", "100000 100000"]);
    await client.close();
    same(client.current.state, "closed");
  };
  return {
    "3.1.1 QoS 0": exchange(4, 0),
    "3.1.1 QoS 1": exchange(4, 1),
    "3.1.1 QoS 2": exchange(4, 2),
    "5.0 QoS 0": exchange(5, 0),
    "5.0 QoS 1": exchange(5, 1),
    "5.0 QoS 2": exchange(5, 2),
    async "a loop over messages"() {
      const client = await connect(url);
      const numbers = client.subscribe("loop", { codec: json<number>() });
      await numbers.ready;
      for (let i = 0; i < 100; i++) void client.publish("loop", i, { codec: json<number>(), qos: 1 });
      const got: number[] = [];
      for await (const { value } of numbers) if (got.push(value) === 100) break;
      same(
        got,
        Array.from({ length: 100 }, (_, i) => i),
      );
      await client.close();
    },
    async "request and response"() {
      const client = await connect(url);
      const responder = respond(client, "double", ({ text }) => String(Number(text) * 2));
      await responder.ready;
      same((await request(client, "double", "21")).text, "42");
      await client.close();
    },
    async "encrypted payloads"() {
      const client = await connect(url);
      const codec = aesGcm(json<string>(), { key: new Uint8Array(32).fill(3) });
      const secrets = client.subscribe("secret", { codec });
      await secrets.ready;
      await client.publish("secret", "quiet", { codec, qos: 1 });
      same((await secrets.next()).value?.value, "quiet");
      await client.close();
    },
    async "SCRAM-SHA-256 computes"() {
      const exchange = scramSha256({ userName: "user", password: "pencil" }).begin();
      const first = new TextDecoder().decode((await exchange.start()) ?? new Uint8Array(0));
      const nonce = first.split("r=")[1] ?? "";
      const answer = await exchange.next(new TextEncoder().encode(`r=${nonce}x,s=AAAA,i=4096`));
      same(new TextDecoder().decode(answer).startsWith(`c=biws,r=${nonce}x,p=`), true);
    },
    async "an outbox in IndexedDB survives the client"() {
      const options = { clientId: "page", cleanStart: false, sessionExpiryInterval: 1_000 } as const;
      const offline = await connect("ws://127.0.0.1:9/mqtt", {
        ...options,
        background: true,
        onError: () => undefined,
        outbox: { store: indexedDbOutbox("suite") },
      });
      offline.publish("kept", "for later", { qos: 2 }).catch(() => undefined);
      offline.publish("kept", "and this", { qos: 1 }).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 300));
      await offline.close();
      const reader = await connect(url);
      const got: string[] = [];
      await reader.subscribe("kept", {}, ({ text }) => got.push(text)).ready;
      const writer = await connect(url, { ...options, outbox: { store: indexedDbOutbox("suite") } });
      await until("both are there", () => got.length === 2);
      await until("the outbox is empty", () => writer.outbox.messages === 0);
      same(got.toSorted(), ["and this", "for later"]);
      await Promise.all([reader.close(), writer.close()]);
    },
    async "bytes of any kind are payloads, other values are not"() {
      const client = await connect(url);
      const got: number[] = [];
      await client.subscribe("bytes", {}, ({ payload }) => got.push(...payload)).ready;
      const { buffer } = Uint8Array.of(1, 2, 3);
      for (const bytes of [buffer, new DataView(buffer, 1)]) await client.publish("bytes", bytes, { qos: 1 });
      const blob = new Blob(["x"]) as unknown as string;
      const error: unknown = await client.publish("bytes", blob).catch((problem: unknown) => problem);
      same((error as { code?: string }).code, "MARTLET_INVALID_PACKET");
      await until("both are back", () => got.length === 5);
      same(got, [1, 2, 3, 2, 3]);
      await client.close();
    },
    async "a refusal says why"() {
      const error: unknown = await connect("mqtt://127.0.0.1").catch((problem: unknown) => problem);
      same((error as { code?: string }).code, "MARTLET_CONFIG");
    },
  };
}

/** Runs every case against the broker at `url`. */
export async function runSuite(url: string): Promise<SuiteResult> {
  const result: SuiteResult = { passed: [], failed: [] };
  for (const [name, run] of Object.entries(cases(url))) {
    try {
      await run();
      result.passed.push(name);
    } catch (error) {
      result.failed.push(
        `${name}: ${error instanceof Error ? `${error.name} ${error.message}` : String(error)}`,
      );
    }
  }
  return result;
}
