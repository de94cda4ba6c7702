/**
 * Asks a service over HTTP what a client may publish and subscribe to: the half of a gate that permits. Trouble permits nothing.
 *
 * A broker remembers what it was told of a client until it hears that the gate would answer otherwise. So it hears that some
 * time after the first answer, and sooner after trouble: no answer is older than that, and a service that works again counts.
 */

import type { Denied, Gate, GateChange, Identity, Permission } from "#auth";
import type { MaybePromise } from "#base";
import type { Qos } from "#protocol";
import { publishQuestion, subscribeQuestion } from "./http-question.ts";
import { HttpService, type HttpServiceOptions } from "./http-service.ts";

/** What permits, of a gate. */
export type PermittingGate = Required<Pick<Gate, "mayPublish" | "maySubscribe">>;

export interface HttpAccessOptions extends HttpServiceOptions {
  /** For how long a client's answers count. Default 60,000. */
  readonly validForMs?: number;
  /** For how long denials count that are for trouble. Default 5,000. */
  readonly troubleForMs?: number;
  /** Asked when the service says `ignore`. Default: denied. */
  readonly otherwise?: PermittingGate;
}

/** How exactly a client's answers end. */
const SWEEP_MS = 1_000;

export class HttpAccess implements PermittingGate {
  readonly #options: HttpAccessOptions;
  readonly #service: HttpService;
  /** When each client's answers end, on the clock's `now` scale. As many as clients have asked lately. */
  readonly #endsMs = new Map<string, number>();
  #changed: (change: GateChange) => void = () => undefined;
  #cancelSweep: (() => void) | undefined;

  constructor(options: HttpAccessOptions) {
    this.#options = options;
    this.#service = new HttpService(options);
  }

  /** As in `Gate`. */
  watch(changed: (change: GateChange) => void): void {
    this.#changed = changed;
  }

  mayPublish(client: Identity, topicName: string, qos: Qos, retain: boolean): Promise<Permission> {
    const otherwise = () => this.#options.otherwise?.mayPublish(client, topicName, qos, retain);
    return this.#ask(client, publishQuestion(client, topicName, qos, retain), otherwise);
  }

  maySubscribe(client: Identity, topicFilter: string, qos: Qos): Promise<Permission> {
    const otherwise = () => this.#options.otherwise?.maySubscribe(client, topicFilter, qos);
    return this.#ask(client, subscribeQuestion(client, topicFilter, qos), otherwise);
  }

  /** Lets go of the clock. */
  close(): void {
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
    this.#endsMs.clear();
  }

  async #ask(
    { clientId }: Identity,
    question: string,
    otherwise: () => MaybePromise<Permission> | undefined,
  ): Promise<Permission> {
    const answer = await this.#service.ask(question);
    const { validForMs = 60_000, troubleForMs = 5_000 } = this.#options;
    this.#endAfter(clientId, answer.result === "trouble" ? troubleForMs : validForMs);
    switch (answer.result) {
      case "allow":
        return true;
      case "deny":
        return denied("the service says deny");
      case "ignore":
        return (await otherwise()) ?? denied("the service says ignore, and nobody else is asked");
      case "trouble":
        return denied(answer.reason);
    }
  }

  #endAfter(clientId: string, afterMs: number): void {
    const endMs = this.#options.clock.now() + afterMs;
    const before = this.#endsMs.get(clientId);
    if (before === undefined || endMs < before) this.#endsMs.set(clientId, endMs);
    this.#cancelSweep ??= this.#options.clock.schedule(SWEEP_MS, () => this.#sweep());
  }

  #sweep(): void {
    this.#cancelSweep = undefined;
    const now = this.#options.clock.now();
    for (const [clientId, endMs] of this.#endsMs) {
      if (endMs > now) continue;
      this.#endsMs.delete(clientId);
      this.#changed({ clientId });
    }
    if (this.#endsMs.size === 0) return;
    this.#cancelSweep = this.#options.clock.schedule(SWEEP_MS, () => this.#sweep());
  }
}

function denied(rule: string): Denied {
  return { outcome: "denied", rule: `http-access: ${rule}` };
}
