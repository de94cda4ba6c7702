/** Messages that wait: in flight, retained, in the output. */

import { Ring } from "../../src/base/index.ts";
import { Message } from "../../src/broker/message.ts";
import { Output, OutputPool } from "../../src/broker/output.ts";
import { RetainedMessages } from "../../src/broker/retained.ts";
import { TopicTable } from "../../src/broker/topic.ts";
import { InFlight, Sender } from "../../src/flow/index.ts";
import { ProtocolVersion } from "../../src/protocol/index.ts";
import type { Pipe } from "../../src/transport/index.ts";
import { EmbeddedBroker, publishChunks } from "../linear/embedded.ts";
import { type Benchmark, type Loop, sink } from "./benchmark.ts";

const OPERATIONS = 10_000;
const RETAINED = 10_000;
const WINDOW = 20;
const payload = new Uint8Array(64).fill(0x2e);

function retained(use: (all: RetainedMessages, messages: readonly Message[]) => void): Loop {
  const table = new TopicTable({ rejectControlCharacters: false });
  const all = new RetainedMessages({ maximumRetainedMessages: 1e6, maximumRetainedBytes: 1e9 });
  const messages = Array.from({ length: RETAINED }, (_, i) => {
    const topic = table.of(`plant/${i % 100}/line/${Math.floor(i / 100)}/state`, ProtocolVersion.MQTT_3_1_1);
    return Message.of(topic, payload, 0, true);
  });
  for (const message of messages) all.store(message);
  return { operations: RETAINED, run: () => use(all, messages) };
}

function reading(filter: string): Loop {
  return retained((all) => {
    for (const message of all.cursor(filter.split("/"))) sink.number += message.payloadLength;
  });
}

/** Of an output that holds nothing back. */
const owner = { onReleased: () => undefined };

/** Takes everything at once. */
const pipe: Pipe = {
  peer: { transport: "memory", remoteAddress: "", remotePort: 0, localAddress: "", localPort: 0 },
  unwrittenBytes: 0,
  open: () => undefined,
  write: () => true,
  pauseReading: () => undefined,
  resumeReading: () => undefined,
  end: () => undefined,
  destroy: () => undefined,
};

export const messageBenchmarks: readonly Benchmark[] = [
  {
    name: "ring/push-shift",
    what: "a push and a shift, 20 in the ring",
    prepare() {
      const ring = new Ring<number>();
      for (let i = 0; i < WINDOW; i++) ring.push(i);
      return {
        operations: OPERATIONS,
        run() {
          for (let i = 0; i < OPERATIONS; i++) {
            ring.push(i);
            sink.number += ring.shift() ?? 0;
          }
        },
      };
    },
  },
  {
    name: "sender/qos1",
    what: "Sender.send and complete, 20 in flight",
    prepare() {
      const sender = new Sender<object, object>();
      sender.connect(65_535);
      const [message, terms] = [{}, {}];
      const inFlight = new Ring<number>();
      for (let i = 0; i < WINDOW; i++) inFlight.push(sender.send(message, terms, 1));
      return {
        operations: OPERATIONS,
        run() {
          for (let i = 0; i < OPERATIONS; i++) {
            sender.complete(inFlight.shift() ?? 0, InFlight.AWAITING_PUBACK);
            inFlight.push(sender.send(message, terms, 1));
          }
        },
      };
    },
  },
  {
    name: "retained/store",
    what: "RetainedMessages.store in place of an older one, among 10,000",
    prepare: () =>
      retained((all, messages) => {
        for (const message of messages) all.store(message);
      }),
  },
  { name: "retained/all", what: "a message read by a cursor over #", prepare: () => reading("#") },
  {
    name: "retained/plus",
    what: "the same over plant/+/line/+/state",
    prepare: () => reading("plant/+/line/+/state"),
  },
  {
    name: "output/append",
    what: "Output.append of 90 bytes, 100 in a turn, and its flush",
    prepare() {
      const turns: (() => void)[] = [];
      const output = new Output(pipe, new OutputPool((run) => void turns.push(run)), owner);
      const packet = new Uint8Array(90);
      return {
        operations: OPERATIONS,
        run() {
          for (let i = 0; i < OPERATIONS; i++) {
            output.append(packet, 0, packet.length);
            if (i % 100 === 99) turns.pop()?.();
          }
        },
      };
    },
  },
];

/** The whole way through a broker, between pipes in memory. */
export async function brokerBenchmarks(): Promise<readonly Benchmark[]> {
  const names = Array.from({ length: 1_000 }, (_, i) => `plant/${i}/state`);
  const chunks = [...publishChunks(names, { retain: false })];
  const embedded = await EmbeddedBroker.start();
  const publisher = embedded.connect("publisher");
  return [
    {
      name: "broker/qos0",
      what: "a message from one client to another, 1,000 topics in turn",
      prepare() {
        embedded.connect("subscriber").subscribe(names);
        return { operations: names.length, run: () => publisher.write(chunks) };
      },
    },
  ];
}
