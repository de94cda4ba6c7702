import { describe, expect, test } from "vitest";
import { seededRandom } from "#base";
import { encodePacket, PacketType, ProtocolVersion } from "#protocol";
import { VirtualClock } from "#testing";
import { memoryPipes, type Pipe } from "#transport";
import { Broker } from "./broker.ts";

interface Client {
  readonly pipe: Pipe;
  readonly received: number[];
  isClosed: boolean;
}

function connect(broker: Broker, clock: VirtualClock, clientId: string): Client {
  const [near, far] = memoryPipes(clock);
  const client: Client = { pipe: near, received: [], isClosed: false };
  near.open({
    onBytes: (chunk) => client.received.push(...chunk),
    onWritten: () => undefined,
    onClosed: () => {
      client.isClosed = true;
    },
  });
  broker.accept(far);
  const bytes = encodePacket(
    {
      type: PacketType.CONNECT,
      protocolVersion: ProtocolVersion.MQTT_3_1_1,
      isBridge: false,
      clientId,
      cleanStart: true,
      keepAliveSeconds: 0,
      properties: {},
    },
    ProtocolVersion.MQTT_3_1_1,
  );
  if (bytes !== undefined) near.write(bytes);
  clock.runTurns();
  return client;
}

describe("a bug inside the broker", () => {
  test("a failure inside the broker closes the connection it happened on", () => {
    const clock = new VirtualClock();
    const lines: string[] = [];
    // The trace stands for any part that fails while a packet is handled.
    const broker = new Broker({
      clock,
      random: seededRandom(1),
      log: { write: (level, sentence) => lines.push(`${level} ${sentence}`) },
      trace: {
        onSent: () => undefined,
        onReceived(clientId, packet) {
          if (clientId === "unlucky" && packet.type === PacketType.PINGREQ)
            throw new TypeError("out of luck");
        },
      },
    });
    broker.open();
    const unlucky = connect(broker, clock, "unlucky");
    const lucky = connect(broker, clock, "lucky");
    expect(unlucky.received).toEqual([0x20, 2, 0, 0]);

    unlucky.pipe.write(Uint8Array.of(0xc0, 0));
    lucky.pipe.write(Uint8Array.of(0xc0, 0));
    clock.runTurns();

    expect(unlucky.isClosed).toBe(true);
    expect(unlucky.received).toEqual([0x20, 2, 0, 0]);
    expect(lucky.isClosed).toBe(false);
    expect(lucky.received).toEqual([0x20, 2, 0, 0, 0xd0, 0]);
    expect(broker.metrics.invariantErrors).toBe(1);
    expect(lines).toEqual(['error A bug ended the connection of "unlucky": out of luck']);
  });
});
