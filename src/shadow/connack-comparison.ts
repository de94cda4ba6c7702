/** Both brokers' CONNACK: the reason code and whether there was a session count; properties are each broker's own choice. Pure. */

import { type ConnackPacket, FIRST_REFUSAL } from "#protocol";
import { type AnswerReport, codeText } from "./answer-comparison.ts";
import type { ServerSide } from "./delivery.ts";

export class ConnackComparison {
  readonly #report: AnswerReport;
  readonly #tell: (property: string, says: string) => void;
  #waiting: { readonly side: ServerSide; readonly packet: ConnackPacket } | undefined;
  #pairs = 0;
  #isParted = false;

  /** @param tell hears of each property that differs */
  constructor(report: AnswerReport, tell: (property: string, says: string) => void) {
    this.#report = report;
    this.#tell = tell;
  }

  get pairs(): number {
    return this.#pairs;
  }

  /** Only one of the two has let the client in: what follows cannot be compared. */
  get isParted(): boolean {
    return this.#isParted;
  }

  add(side: ServerSide, packet: ConnackPacket): void {
    const waiting = this.#waiting;
    if (waiting === undefined || waiting.side === side) {
      this.#waiting = { side, packet };
      return;
    }
    this.#waiting = undefined;
    this.#pairs++;
    if (side === "old") this.#compare(packet, waiting.packet);
    else this.#compare(waiting.packet, packet);
  }

  #compare(old: ConnackPacket, martlet: ConnackPacket): void {
    this.#isParted = old.reasonCode < FIRST_REFUSAL !== martlet.reasonCode < FIRST_REFUSAL;
    if (old.reasonCode !== martlet.reasonCode)
      this.#report("connack", connackText(old), connackText(martlet));
    else if (old.sessionPresent !== martlet.sessionPresent)
      this.#report("session-present", connackText(old), connackText(martlet));
    const names = new Set([...Object.keys(old.properties), ...Object.keys(martlet.properties)]);
    // Martlet was told the old broker's.
    names.delete("assignedClientIdentifier");
    for (const name of names) {
      const [ofOld, ofMartlet] = [old, martlet].map(({ properties }) =>
        valueText((properties as Record<string, unknown>)[name]),
      );
      if (ofOld !== ofMartlet) this.#tell(name, `CONNACK ${name}: old broker ${ofOld}, Martlet ${ofMartlet}`);
    }
  }
}

function valueText(value: unknown): string {
  return value === undefined ? "none" : JSON.stringify(value);
}

/** `CONNACK 0x00, session present`. */
function connackText({ reasonCode, sessionPresent }: ConnackPacket): string {
  return `CONNACK ${codeText(reasonCode)}${sessionPresent ? ", session present" : ""}`;
}
