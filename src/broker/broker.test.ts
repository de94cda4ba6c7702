/** The broker as a part of a program: its events, its own messages and its end. */

import { describe, expect, test } from "vitest";
import { InvalidPacketError, ProtocolVersion, ReasonCode } from "#protocol";
import { memoryPipes } from "#testing";
import { Bench } from "../../test/support/broker-bench.ts";
import type { BrokerEvents, PublishedMessage } from "./broker-events.ts";
import type { PublishRequest } from "./publish-request.ts";

const EVENTS = [
  "clientConnected",
  "clientDisconnected",
  "connectionRefused",
  "sessionEnded",
  "subscribed",
  "unsubscribed",
  "messagePublished",
] as const satisfies readonly (keyof BrokerEvents)[];

function recording(bench: Bench): string[] {
  const seen: string[] = [];
  for (const name of EVENTS) {
    bench.broker.on(name, (detail) => {
      const { clientId, topicName, topicFilter, reason } = detail as Told;
      const parts = [name, clientId, topicName, topicFilter, reason?.kind];
      seen.push(parts.filter((each) => each !== undefined).join(" "));
    });
  }
  return seen;
}

/** What the details of the events have in common. */
interface Told {
  readonly clientId?: string;
  readonly topicName?: string;
  readonly topicFilter?: string;
  readonly reason?: { readonly kind: string };
}

describe("events", () => {
  test("tell a client's life in order", () => {
    const bench = new Bench();
    const seen = recording(bench);
    const client = bench.connect("c");
    client.sub("a");
    client.pub("a");
    client.unsub("a");
    client.disconnect();
    expect(seen).toEqual([
      "clientConnected c",
      "subscribed c a",
      "messagePublished a",
      "unsubscribed c a",
      "clientDisconnected c client-disconnected",
      "sessionEnded c",
    ]);
  });

  test("tell why a connection ended", () => {
    const bench = new Bench();
    const seen = recording(bench);
    const end = (kind: string): void => {
      expect(seen.filter((each) => /Disconnected|Refused/.test(each)).at(-1)).toMatch(new RegExp(`${kind}$`));
    };
    bench.connect("c").cut();
    end("connection-lost");
    bench.connect("c").pipe.end();
    bench.run();
    end("connection-closed");
    bench.connect("c", { keepAlive: 1 });
    bench.pass(2);
    end("keep-alive-timeout");
    bench.pipe();
    bench.pass(11);
    end("connect-timeout");
    bench.connect("c").sendBytes(new Uint8Array([0x36, 0]));
    bench.run();
    end("malformed-packet");
    bench.connect("c").sendBytes(new Uint8Array([0x10, 0]));
    bench.run();
    end("(protocol-error|malformed-packet)");
    bench.connect("c", { properties: { authenticationMethod: "x" } });
    end("connect-refused");
    bench.connect("c");
    bench.connect("c");
    end("session-taken-over");
    bench.broker.disconnect("c");
    end("administrative-action");
    bench.connect("c");
    void bench.broker.close();
    end("server-shutting-down");
  });

  test("a listener that is removed hears nothing more, and one that throws hurts nobody", () => {
    const bench = new Bench();
    let heard = 0;
    const stop = bench.broker.on("clientConnected", () => void heard++);
    bench.broker.on("clientConnected", () => {
      throw new TypeError("listener");
    });
    expect(bench.connect("a").connack?.reasonCode).toBe(0);
    stop();
    bench.connect("b");
    expect(heard).toBe(1);
    expect(bench.log.length).toBe(2);
  });
});

describe("the program's own messages", () => {
  test("reach clients like all others", async () => {
    const bench = new Bench();
    const client = bench.connect("c");
    client.sub("a/#", { qos: 1, identifier: 3 });
    const properties = { contentType: "x", messageExpiryInterval: 60, topicAlias: 9 };
    const receipt = await bench.broker.publish({
      topicName: "a/b",
      payload: "é",
      qos: 2,
      retain: true,
      properties,
    });
    bench.run();
    expect(receipt).toEqual({ matched: 1 });
    expect(client.messages).toMatchObject([
      {
        topicName: "a/b",
        qos: 1,
        retain: false,
        properties: { contentType: "x", messageExpiryInterval: 60, subscriptionIdentifiers: [3] },
      },
    ]);
    expect(client.messages[0]?.properties.topicAlias).toBeUndefined();
    expect(bench.broker.sizes.retained).toBe(1);
  });

  test.each(["", "a/+", "a\0", "x".repeat(70_000), "€".repeat(30_000)])(
    "that no packet can carry are refused (%#)",
    async (topicName) => {
      const bench = new Bench();
      const client = bench.connect("c");
      client.sub("#");
      await expect(bench.broker.publish({ topicName, payload: "x" })).rejects.toThrow(InvalidPacketError);
      bench.run();
      expect(client.messages).toEqual([]);
    },
  );

  test.each([undefined, null, 21.5, { a: 1 }, [1, 2], new ArrayBuffer(2)])(
    "whose payload is neither text nor bytes are refused (%#)",
    async (payload) => {
      const { broker } = new Bench();
      const request = { topicName: "t", payload } as unknown as PublishRequest;
      await expect(broker.publish(request)).rejects.toThrow("the payload is neither text nor bytes");
    },
  );

  test("own their payload from then on", async () => {
    const bench = new Bench();
    const client = bench.connect("c", { properties: { receiveMaximum: 1 } });
    client.sub("t", { qos: 1 });
    const payload = new Uint8Array([1, 2, 3]);
    const first = bench.broker.publish({ topicName: "t", payload, qos: 1 });
    payload.fill(9);
    await first;
    bench.run();
    expect(client.messages[0]?.payload).toEqual(new Uint8Array([1, 2, 3]));
  });

  test("pass the hooks", async () => {
    const bench = new Bench();
    bench.broker.hooks.add("publish", ({ client }) =>
      client === undefined ? { refused: ReasonCode.QUOTA_EXCEEDED, reasonString: "enough" } : undefined,
    );
    await expect(bench.broker.publish({ topicName: "t", payload: "" })).rejects.toMatchObject({
      code: "MARTLET_PUBLISH_REFUSED",
      reasonCode: ReasonCode.QUOTA_EXCEEDED,
      message: "enough",
    });
    expect(bench.counts).toEqual({ "publish-refused": 1 });
  });
});

describe("the program's own subscriptions", () => {
  const textOf = ({ topicName, payload, retain }: PublishedMessage): string =>
    `${topicName} ${new TextDecoder().decode(payload)}${retain ? " retained" : ""}`;

  test("get retained messages first and then all others, until they end", () => {
    const bench = new Bench();
    const client = bench.connect("c");
    client.pub("a/1", "kept", { retain: true });
    const got: string[] = [];
    const stop = bench.broker.subscribe("a/#", (message) => got.push(textOf(message)));
    client.pub("a/2", "live");
    client.pub("b", "other");
    expect(got).toEqual(["a/1 kept retained", "a/2 live"]);
    expect(bench.broker.sizes).toMatchObject({ sessions: 1, subscriptions: 1 });
    stop();
    stop();
    client.pub("a/3", "late");
    expect(got.length).toBe(2);
    expect(bench.broker.sizes.subscriptions).toBe(0);
  });

  test("may publish, subscribe and throw from inside", async () => {
    const bench = new Bench();
    const got: string[] = [];
    bench.broker.subscribe("ping", (message) => {
      void bench.broker.publish({ topicName: "pong", payload: message.payload });
      throw new TypeError("after all");
    });
    bench.broker.subscribe("pong", (message) => got.push(textOf(message)));
    bench.connect("c").sayTogether(
      {
        type: 3,
        topicName: "ping",
        payload: new Uint8Array([0x31]),
        qos: 0,
        retain: false,
        dup: false,
        packetId: 0,
        properties: {},
      },
      {
        type: 3,
        topicName: "ping",
        payload: new Uint8Array([0x32]),
        qos: 0,
        retain: false,
        dup: false,
        packetId: 0,
        properties: {},
      },
    );
    await bench.settle();
    expect(got).toEqual(["pong 1", "pong 2"]);
    expect(bench.log.length).toBe(2);
  });

  test("have no shared form", () => {
    const bench = new Bench();
    expect(() => bench.broker.subscribe("$share/g/a", () => undefined)).toThrow(InvalidPacketError);
    expect(() => bench.broker.subscribe("a#", () => undefined)).toThrow(InvalidPacketError);
  });
});

describe("the end", () => {
  test("waits for the clients, and then lets nobody in", async () => {
    const bench = new Bench();
    const client = bench.connect("c");
    const closing = bench.broker.close();
    bench.run();
    await closing;
    expect(client.closed).toBe(true);
    const [near, far] = memoryPipes(bench.clock);
    let isClosed = false;
    near.open({
      onBytes: () => undefined,
      onWritten: () => undefined,
      onClosed: () => void (isClosed = true),
    });
    bench.broker.accept(far);
    bench.run();
    expect(isClosed).toBe(true);
    expect(bench.broker.sizes).toMatchObject({ connections: 0, clients: 0, timers: 0 });
    await expect(bench.broker.publish({ topicName: "t", payload: "" })).rejects.toMatchObject({
      code: "MARTLET_STATE",
    });
  });

  test("does not wait for ever for one that does not read", async () => {
    const bench = new Bench();
    const client = bench.connect("c", { version: ProtocolVersion.MQTT_3_1_1 });
    client.pipe.pauseReading();
    const closing = bench.broker.close();
    bench.pass(5);
    await closing;
    expect(bench.broker.sizes.connections).toBe(0);
  });

  test("is the same for all who ask for it", async () => {
    const bench = new Bench();
    const client = bench.connect("c");
    client.pipe.pauseReading();
    void bench.broker.close();
    let isOver = false;
    const second = bench.broker.close().then(() => void (isOver = true));
    await Promise.resolve();
    await Promise.resolve();
    expect(isOver).toBe(false); // the client is still there
    bench.pass(5);
    await second;
    expect(bench.broker.sizes.connections).toBe(0);
  });
});
