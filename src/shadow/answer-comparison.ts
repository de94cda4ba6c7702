/**
 * Holds both brokers' answers against each other: SUBACK, UNSUBACK, PUBACK, PUBREC, PUBCOMP, PINGRESP and AUTH, by their type and
 * packet id, in any interleaving. Pure.
 */

import { PacketType, type ReasonCode } from "#protocol";
import type { ServerSide } from "./delivery.ts";
import type { DifferenceKind } from "./difference.ts";

/** The packets that answer one of the client. */
const answerKinds = {
  [PacketType.SUBACK]: "suback",
  [PacketType.UNSUBACK]: "unsuback",
  [PacketType.PUBACK]: "puback",
  [PacketType.PUBREC]: "pubrec",
  [PacketType.PUBCOMP]: "pubcomp",
  [PacketType.PINGRESP]: "pingresp",
  [PacketType.AUTH]: "auth",
} as const;

export interface Answer {
  readonly type: keyof typeof answerKinds;
  /** 0 where there is none. */
  readonly packetId: number;
  readonly reasonCodes: readonly ReasonCode[];
  readonly atMs: number;
}

export type AnswerReport = (kind: DifferenceKind, old: string, martlet: string) => void;

/** Success without anybody who got the message: a broker may say it or not. */
const NO_MATCHING_SUBSCRIBERS = 0x10;

export class AnswerComparison {
  readonly #windowMs: number;
  readonly #report: AnswerReport;
  /** By type and id: what one of the two has sent. Only one of them has waiting ones. */
  readonly #waiting = new Map<number, { readonly side: ServerSide; readonly answers: Answer[] }>();
  #pending = 0;
  #pairs = 0;

  constructor(windowMs: number, report: AnswerReport) {
    this.#windowMs = windowMs;
    this.#report = report;
  }

  get pending(): number {
    return this.#pending;
  }

  get pairs(): number {
    return this.#pairs;
  }

  add(side: ServerSide, answer: Answer): void {
    const key = answer.type * 65_536 + answer.packetId;
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) {
      this.#waiting.set(key, { side, answers: [answer] });
      this.#pending++;
      return;
    }
    if (waiting.side === side) {
      waiting.answers.push(answer);
      this.#pending++;
      return;
    }
    const other = waiting.answers.shift() as Answer;
    if (waiting.answers.length === 0) this.#waiting.delete(key);
    this.#pending--;
    this.#pairs++;
    const [old, martlet] = side === "old" ? [answer, other] : [other, answer];
    if (!sameCodes(old, martlet)) this.#report(answerKinds[old.type], answerText(old), answerText(martlet));
  }

  /** Tells what has waited for longer than the window. */
  expire(nowMs: number): void {
    for (const [key, { side, answers }] of this.#waiting) {
      while (answers[0] !== undefined && answers[0].atMs <= nowMs - this.#windowMs) {
        const text = answerText(answers.shift() as Answer);
        this.#pending--;
        if (side === "old") this.#report("missing-answer", text, NOTHING);
        else this.#report("extra-answer", NOTHING, text);
      }
      if (answers.length === 0) this.#waiting.delete(key);
    }
  }

  /**
   * Tells what the old broker alone has said before `leftMs`, because nothing more will come. Returns how many of the rest came too
   * late to tell anything.
   */
  settle(nowMs: number, leftMs: number): number {
    this.expire(nowMs);
    for (const { side, answers } of this.#waiting.values()) {
      while (side === "old" && answers[0] !== undefined && answers[0].atMs < leftMs) {
        this.#report("missing-answer", answerText(answers.shift() as Answer), NOTHING);
        this.#pending--;
      }
    }
    return this.clear();
  }

  /** Forgets all that waits; returns how much that was. */
  clear(): number {
    const pending = this.#pending;
    this.#waiting.clear();
    this.#pending = 0;
    return pending;
  }
}

/** What a broker did that did nothing. */
export const NOTHING = "nothing";

function sameCodes({ reasonCodes: old }: Answer, { reasonCodes: martlet }: Answer): boolean {
  return old.length === martlet.length && old.every((code, i) => plainCode(code) === plainCode(martlet[i]));
}

function plainCode(code: number | undefined): number | undefined {
  return code === NO_MATCHING_SUBSCRIBERS ? 0 : code;
}

/** `SUBACK id 1, 0x00 0x80`. */
function answerText({ type, packetId, reasonCodes }: Answer): string {
  const id = packetId === 0 ? "" : ` id ${packetId}`;
  const codes = reasonCodes.length === 0 ? "" : `, ${reasonCodes.map(codeText).join(" ")}`;
  return `${answerKinds[type].toUpperCase()}${id}${codes}`;
}

/** `0x8e`. */
export function codeText(code: number): string {
  return `0x${code.toString(16).padStart(2, "0")}`;
}
