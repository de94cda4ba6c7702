import { expect, test } from "vitest";
import type { Broker, BrokerEvents } from "#broker";
import { logConnections } from "./connection-lines.ts";
import { mosquitto20 } from "./mosquitto-2-0.ts";

test("a connection out of the broker's own memory has no line, as it comes from nowhere; one over a socket has", () => {
  const listeners: Record<string, (accepted: BrokerEvents["connectionAccepted"]) => void> = {};
  const broker: Pick<Broker, "on"> = {
    on: (event, listener) => {
      listeners[event] = listener as never;
      return () => undefined;
    },
  };
  const told: string[] = [];
  const lines = { hasConnections: true, tell: (_: string, text: string) => void told.push(text) };
  logConnections(broker, lines, mosquitto20);
  const from = (transport: string, remotePort: number, localPort: number): void =>
    listeners["connectionAccepted"]?.({
      address: { transport, remoteAddress: "192.0.2.7", remotePort, localPort },
    });
  from("memory", 0, 0);
  from("tcp", 50_000, 1883);
  expect(told).toEqual(["New connection from 192.0.2.7:50000 on port 1883."]);
});
