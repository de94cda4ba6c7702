// One exchange that makes Martlet send one reason code, and how it is played.
import { expect } from "vitest";
import type { Gate } from "#auth";
import { seededRandom } from "#base";
import { Broker, type BrokerSettings } from "#broker";
import { ONLY_5 } from "../../../src/testing/conformance/case.ts";
import type { ConformanceContext } from "../../../src/testing/conformance/context.ts";
import { runConformance } from "../../../src/testing/conformance/run.ts";
import { formatTrace } from "../../../src/testing/conformance/trace.ts";
import { virtualTarget } from "../../../src/testing/conformance/virtual-target.ts";

export type PacketName =
  | "CONNACK"
  | "PUBACK"
  | "PUBREC"
  | "PUBREL"
  | "PUBCOMP"
  | "SUBACK"
  | "UNSUBACK"
  | "DISCONNECT"
  | "AUTH";

interface Setup {
  readonly settings?: Partial<BrokerSettings>;
  readonly gate?: Gate;
  readonly prepare?: (broker: Broker) => void;
}

export interface Scenario extends Setup {
  readonly name: PacketName;
  readonly code: number;
  readonly by: string;
  readonly run: (c: ConformanceContext, broker: Broker) => Promise<void>;
}

const hex = (code: number): string => `0x${code.toString(16).padStart(2, "0")}`;
export const pair = (name: PacketName, code: number): string => `${name} ${hex(code)}`;

export async function play({ settings, gate, prepare, run }: Scenario): Promise<void> {
  let broker: Broker | undefined;
  const target = virtualTarget({
    name: "martlet",
    start(_, clock) {
      broker = new Broker({
        clock,
        random: seededRandom(1),
        settings: { sysIntervalSeconds: 0, ...settings },
        ...(gate === undefined ? {} : { gate }),
      });
      prepare?.(broker);
      broker.open();
      const started = broker;
      return { accept: (pipe) => started.accept(pipe) };
    },
  });
  const each = {
    name: "reason-codes/one",
    title: "",
    statements: [],
    versions: ONLY_5,
    run: async (c: ConformanceContext) => run(c, broker as Broker),
  };
  const [outcome] = await runConformance(target, { cases: [each] });
  expect(outcome?.status, `${outcome?.reason}\n${formatTrace(outcome?.trace ?? [])}`).toBe("passed");
  expect(outcome?.notes).toEqual([]);
}
