// Eclipse Paho for Python (Debian's 1.6), in every version over TCP and WebSocket.
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type SocketBroker, socketBroker } from "../../support/brokers.ts";
import { type Program, start } from "../../support/programs.ts";
import { until } from "../../support/until.ts";

const python = "/usr/bin/python3";
const script = fileURLToPath(new URL("remote.py", import.meta.url));

interface Event {
  readonly event: string;
  readonly id: string;
  readonly [field: string]: unknown;
}

interface Message {
  readonly topic: string;
  readonly text: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly dup: boolean;
  readonly properties: Record<string, unknown>;
}

/** Clients of paho in one Python process. */
class Remote {
  readonly #program: Program;
  readonly #fixed: Record<string, unknown>;
  #taken = new Set<number>();

  constructor(fixed: Record<string, unknown>) {
    this.#program = start(python, ["-u", script]);
    this.#fixed = fixed;
  }

  get #events(): Event[] {
    return this.#program.lines.map((line) => JSON.parse(line) as Event);
  }

  do(action: string, id: string, fields: Record<string, unknown> = {}): void {
    const fixed = action === "connect" ? this.#fixed : {};
    this.#program.write(`${JSON.stringify({ ...fixed, do: action, id, ...fields })}\n`);
  }

  /** Waits for the next event of this name for `id`. */
  async take(event: string, id: string): Promise<Event> {
    const find = (): number =>
      this.#events.findIndex(
        (each, index) => each.event === event && each.id === id && !this.#taken.has(index),
      );
    await this.#program.until(`${event} for ${id}`, () => {
      const failed = this.#events.find((each) => each.event === "failed");
      if (failed !== undefined) throw new Error(JSON.stringify(failed));
      return find() >= 0;
    });
    const index = find();
    this.#taken.add(index);
    return this.#events[index] as Event;
  }

  async connect(id: string, fields: Record<string, unknown> = {}): Promise<Event> {
    this.do("connect", id, fields);
    const connected = await this.take("connected", id);
    expect(connected["rc"]).toBe(0);
    return connected;
  }

  async subscribe(id: string, filter: string, qos: number): Promise<unknown> {
    this.do("subscribe", id, { filter, qos });
    return (await this.take("subscribed", id))["codes"];
  }

  messages(id: string): Message[] {
    return this.#events
      .filter((each) => each.event === "message" && each.id === id)
      .map(({ payload, ...rest }) => ({
        ...(rest as unknown as Message),
        text: Buffer.from(String(payload), "base64").toString(),
      }));
  }

  async untilMessages(id: string, count: number): Promise<Message[]> {
    await this.#program.until(`${count} messages for ${id}`, () => this.messages(id).length >= count);
    return this.messages(id);
  }

  /** The process crashes, with all its clients. */
  async die(): Promise<void> {
    this.do("die", "all");
    expect((await this.#program.finished()).code).toBe(9);
  }
}

const transports = ["tcp", "websockets"] as const;
const versions = [
  ["3.1", 3],
  ["3.1.1", 4],
  ["5.0", 5],
] as const;

function remoteFor(broker: SocketBroker, transport: (typeof transports)[number], version: number): Remote {
  return new Remote({ port: transport === "tcp" ? broker.port : broker.webSocketPort, transport, version });
}

describe.each(transports)("over %s", (transport) => {
  describe.each(versions)("MQTT %s", (name, version) => {
    const is5 = version === 5;
    const lasting = { clean: false, ...(is5 && { properties: { SessionExpiryInterval: 600 } }) };
    const remote = (broker: SocketBroker): Remote => remoteFor(broker, transport, version);

    test("every QoS: 300 messages of each, once and in order", async () => {
      const broker = await socketBroker();
      const paho = remote(broker);
      await paho.connect("receiver");
      await paho.connect("sender");
      for (const qos of [0, 1, 2]) {
        expect(await paho.subscribe("receiver", `count/${qos}`, qos)).toEqual([qos]);
      }
      const payloads = Array.from({ length: 300 }, (_, index) => `message ${index}`);
      for (const qos of [0, 1, 2]) paho.do("publish", "sender", { topic: `count/${qos}`, qos, payloads });
      const messages = await paho.untilMessages("receiver", 900);
      for (const qos of [0, 1, 2]) {
        const own = messages.filter((each) => each.topic === `count/${qos}`);
        expect(own.map((each) => each.text)).toEqual(payloads);
        expect(new Set(own.map((each) => `${each.qos} ${each.retain} ${each.dup}`))).toEqual(
          new Set([`${qos} false false`]),
        );
      }
      expect(messages).toHaveLength(900);
    });

    test("login: user name and password, and the code of a refusal", async () => {
      const gate = {
        authenticate: ({
          userName,
          password,
        }: {
          userName: string | undefined;
          password: Uint8Array | undefined;
        }) =>
          userName === "anna" && Buffer.from(password ?? []).toString() === "geheim"
            ? ({ outcome: "accepted" } as const)
            : ({ outcome: "refused", reasonCode: 0x86 } as const),
      };
      const broker = await socketBroker({ gate });
      const paho = remote(broker);
      await paho.connect("right", { userName: "anna", password: "geheim" });
      paho.do("connect", "wrong", { userName: "anna", password: "falsch" });
      expect((await paho.take("connected", "wrong"))["rc"]).toBe(is5 ? 0x86 : 4);
    });

    test("retained messages, wildcards and unsubscribing", async () => {
      const broker = await socketBroker();
      const paho = remote(broker);
      await paho.connect("one");
      paho.do("publish", "one", { topic: "r/1", qos: 1, retain: true, payloads: ["kept"] });
      await paho.take("published", "one");
      await paho.connect("two");
      await paho.subscribe("two", "r/+", 1);
      expect(await paho.untilMessages("two", 1)).toMatchObject([
        { topic: "r/1", text: "kept", retain: true, qos: 1 },
      ]);
      paho.do("publish", "one", { topic: "r/1", qos: 1, retain: true, payloads: [""] });
      expect((await paho.untilMessages("two", 2))[1]).toMatchObject({ text: "", retain: false });
      expect(broker.broker.sizes.retained).toBe(0);
      paho.do("unsubscribe", "two", { filter: "r/+" });
      await paho.take("unsubscribed", "two");
      await paho.subscribe("two", "end", 0);
      paho.do("publish", "one", { topic: "r/1", qos: 1, payloads: ["unheard"] });
      paho.do("publish", "one", { topic: "end", qos: 1, payloads: ["end"] });
      expect((await paho.untilMessages("two", 3))[2]).toMatchObject({ text: "end" });
    });

    test("a crash brings the will, DISCONNECT does not", async () => {
      const broker = await socketBroker();
      const watcher = remote(broker);
      await watcher.connect("watcher");
      await watcher.subscribe("watcher", "will/#", 2);
      const doomed = remote(broker);
      for (const id of ["polite", "doomed"]) {
        await doomed.connect(id, { will: { topic: `will/${id}`, payload: "gone", qos: 2, retain: true } });
      }
      doomed.do("disconnect", "polite");
      await doomed.take("disconnected", "polite");
      await doomed.die();
      expect(await watcher.untilMessages("watcher", 1)).toMatchObject([
        { topic: "will/doomed", text: "gone", qos: 2, retain: false },
      ]);
      await until("only the watcher is there", () => broker.broker.sizes.clients === 1);
      expect(broker.broker.sizes.retained).toBe(1);
    });

    test("a session outlives a crash, with what was queued", async () => {
      const broker = await socketBroker();
      const before = remote(broker);
      expect((await before.connect("sleeper", lasting))["sessionPresent"]).toBe(false);
      await before.subscribe("sleeper", "q/#", 2);
      await before.die();
      await until("it is gone", () => broker.broker.sizes.clients === 0);
      const paho = remote(broker);
      await paho.connect("sender");
      const payloads = Array.from({ length: 100 }, (_, index) => `${index}`);
      for (const qos of [1, 2]) paho.do("publish", "sender", { topic: `q/${qos}`, qos, payloads });
      for (let i = 0; i < 200; i++) await paho.take("published", "sender");
      const connected = await paho.connect("sleeper", lasting);
      expect(connected["sessionPresent"]).toBe(version !== 3);
      const messages = await paho.untilMessages("sleeper", 200);
      for (const qos of [1, 2]) {
        const own = messages.filter((each) => each.topic === `q/${qos}`);
        expect(own.map((each) => each.text)).toEqual(payloads);
        expect(own.every((each) => each.qos === qos)).toBe(true);
      }
    });

    test("taken over", async () => {
      const broker = await socketBroker();
      const paho = remote(broker);
      await paho.connect("first", { clientId: "same" });
      await paho.connect("second", { clientId: "same" });
      const { rc } = await paho.take("disconnected", "first");
      // Its own code for a connection that ended: 1.6 reads the reason only from a DISCONNECT with properties.
      expect([1, 7]).toContain(rc);
    });

    test("1 MiB of every byte value", async () => {
      const broker = await socketBroker();
      const paho = remote(broker);
      await paho.connect("bytes");
      await paho.subscribe("bytes", "b", 1);
      const content = Buffer.from(Uint8Array.from({ length: 1024 * 1024 }, (_, index) => index & 0xff));
      paho.do("publish", "bytes", { topic: "b", qos: 1, payloads: [{ base64: content.toString("base64") }] });
      const event = await paho.take("message", "bytes");
      expect(event["payload"]).toBe(content.toString("base64"));
    });

    test("a client of ours in 3.1.1 hears it", async () => {
      const broker = await socketBroker();
      const paho = remote(broker);
      const ours = await broker.client({ clientId: "ours", version: 4 });
      await ours.subscribe("x", 2);
      await paho.connect("theirs");
      paho.do("publish", "theirs", { topic: "x", qos: 2, payloads: [name] });
      await ours.untilMessages(1);
      expect(ours.payloads).toEqual([name]);
    });
  });

  describe("MQTT 5.0 only", () => {
    const remote = (broker: SocketBroker): Remote => remoteFor(broker, transport, 5);

    test("properties of messages, subscriptions, the will and CONNACK", async () => {
      const broker = await socketBroker();
      const paho = remote(broker);
      const { properties: announced } = await paho.connect("ear", {
        properties: { ReceiveMaximum: 1, UserProperty: [["a", "b"]], RequestProblemInformation: 1 },
      });
      expect(announced).toMatchObject({
        TopicAliasMaximum: 64,
        ReceiveMaximum: 1024,
        MaximumPacketSize: 2_000_000,
      });
      paho.do("subscribe", "ear", {
        filter: "p/#",
        options: { qos: 2, noLocal: true, retainAsPublished: true, retainHandling: 2 },
        properties: { SubscriptionIdentifier: 99, UserProperty: [["c", "d"]] },
      });
      expect((await paho.take("subscribed", "ear"))["codes"]).toEqual([2]);
      await paho.connect("sender");
      const properties = {
        PayloadFormatIndicator: 1,
        MessageExpiryInterval: 100,
        ContentType: "text/plain",
        ResponseTopic: "answer",
        CorrelationData: { base64: "AAEC/w==" },
        UserProperty: [
          ["k", "1"],
          ["k", "2"],
        ],
      };
      paho.do("publish", "ear", { topic: "p/own", qos: 1, payloads: ["not back to me"] });
      paho.do("publish", "sender", { topic: "p/1", qos: 2, retain: true, payloads: ["text"], properties });
      expect(await paho.untilMessages("ear", 1)).toMatchObject([
        {
          topic: "p/1",
          text: "text",
          retain: true,
          properties: { ...properties, SubscriptionIdentifier: [99] },
        },
      ]);
      const doomed = remote(broker);
      await doomed.connect("doomed", {
        will: {
          topic: "p/will",
          payload: "gone",
          qos: 1,
          properties: { ...properties, WillDelayInterval: 0 },
        },
      });
      await doomed.die();
      const [, will] = await paho.untilMessages("ear", 2);
      expect(will).toMatchObject({ topic: "p/will", properties: { ContentType: "text/plain" } });
    });

    test("topic aliases of the publisher, and a shared subscription", async () => {
      const broker = await socketBroker();
      const paho = remote(broker);
      for (const id of ["one", "two"]) {
        await paho.connect(id);
        await paho.subscribe(id, "$share/group/alias/+", 1);
      }
      await paho.connect("sender");
      const properties = { TopicAlias: 7 };
      paho.do("publish", "sender", { topic: "alias/x", qos: 1, payloads: ["0"], properties });
      const payloads = Array.from({ length: 49 }, (_, index) => `${index + 1}`);
      paho.do("publish", "sender", { topic: "", qos: 1, payloads, properties });
      const all = () => [...paho.messages("one"), ...paho.messages("two")];
      await until("all came", () => all().length >= 50);
      expect(
        all()
          .map((each) => each.text)
          .toSorted(),
      ).toEqual(["0", ...payloads].toSorted());
      expect(new Set(all().map((each) => each.topic))).toEqual(new Set(["alias/x"]));
      expect(paho.messages("one").length).toBeGreaterThan(0);
      expect(paho.messages("two").length).toBeGreaterThan(0);
    });
  });
});
