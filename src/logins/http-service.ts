/**
 * Somebody else's service that is asked over HTTP who may do what: one question in JSON, one answer in JSON.
 *
 * Whatever is not a clear answer is trouble, and trouble lets nobody in: no answer in time, another status than 200, no JSON, a
 * result that is not known, a field of the wrong kind. So many questions are under way at once, so many more wait; after some
 * trouble in a row the service is left alone for a while. How HTTP is spoken is `HttpCall`'s business.
 */

import { type Clock, describeError, utf8Decode } from "#base";
import { CircuitBreaker, type CircuitPass } from "./circuit-breaker.ts";
import { WaitingRoom } from "./waiting-room.ts";

/** What came back. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: Uint8Array;
}

/**
 * Sends `json` as a POST to the address that it was made for. Rejects for whatever is no whole answer: no connection, no time,
 * too many bytes. The message of that error holds no secret.
 */
export type HttpCall = (json: string) => Promise<HttpAnswer>;

export interface HttpServiceOptions {
  readonly call: HttpCall;
  readonly clock: Clock;
  /** Questions under way at once. Default 32. */
  readonly parallel?: number;
  /** Questions that wait for that. Default 1,000. */
  readonly mostWaiting?: number;
  /** Trouble in a row after which the service is left alone. Default 5. */
  readonly failuresToOpen?: number;
  /** For how long. Default 10,000. */
  readonly openMs?: number;
  /** The service is left alone from now on, or asked again; for the log. */
  readonly onCircuit?: (state: "open" | "closed", reason: string) => void;
}

/** What the service said. */
export interface ServiceAnswer {
  readonly result: "allow" | "deny" | "ignore";
  readonly userName?: string;
  readonly clientId?: string;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly validForMs?: number;
}

/** There is no answer. */
export interface ServiceTrouble {
  readonly result: "trouble";
  /** A clause for the log. */
  readonly reason: string;
  /** It was not even asked, as too many others are. */
  readonly isBusy: boolean;
}

export class HttpService {
  readonly #call: HttpCall;
  readonly #room: WaitingRoom;
  readonly #breaker: CircuitBreaker;

  constructor(options: HttpServiceOptions) {
    const { call, clock, parallel = 32, mostWaiting = 1_000 } = options;
    const { failuresToOpen = 5, openMs = 10_000, onCircuit } = options;
    this.#call = call;
    this.#room = new WaitingRoom({ parallel, mostWaiting });
    const heard = onCircuit === undefined ? {} : { onChange: onCircuit };
    this.#breaker = new CircuitBreaker({ clock, failuresToOpen, openMs, ...heard });
  }

  /** Questions that wait for their turn, for a gauge. */
  get waiting(): number {
    return this.#room.waiting;
  }

  /** Never rejects. */
  async ask(json: string): Promise<ServiceAnswer | ServiceTrouble> {
    // Nobody waits in line for a service that is left alone.
    if (!this.#breaker.letsPass) return LEFT_ALONE;
    const asked = this.#room.enter(async () => await this.#askNow(json));
    return (await asked) ?? trouble("too many questions to the service are waiting", { isBusy: true });
  }

  async #askNow(json: string): Promise<ServiceAnswer | ServiceTrouble> {
    const pass = this.#breaker.pass();
    if (pass === undefined) return LEFT_ALONE;
    const answer = await this.#answerTo(json);
    this.#settle(pass, answer);
    return answer;
  }

  async #answerTo(json: string): Promise<ServiceAnswer | ServiceTrouble> {
    try {
      return readAnswer(await this.#call(json));
    } catch (error) {
      return trouble(`the service gave no answer: ${describeError(error)}`);
    }
  }

  #settle(pass: CircuitPass, answer: ServiceAnswer | ServiceTrouble): void {
    this.#breaker.settle(pass, answer.result === "trouble" ? answer.reason : undefined);
  }
}

function trouble(reason: string, { isBusy = false }: { readonly isBusy?: boolean } = {}): ServiceTrouble {
  return { result: "trouble", reason, isBusy };
}

const LEFT_ALONE = trouble("the service is left alone for a while, as it did not work");

const results: readonly unknown[] = ["allow", "deny", "ignore"];

function readAnswer({ status, body }: HttpAnswer): ServiceAnswer | ServiceTrouble {
  if (status !== 200) return trouble(`the service answered with status ${status}`);
  let fields: unknown;
  try {
    fields = JSON.parse(utf8Decode(body));
  } catch {
    return trouble("the service answered something that is no JSON");
  }
  const { result, user_name, client_id, claims, valid_for_seconds } = Object(fields) as AnswerFields;
  if (!results.includes(result)) return trouble("the service answered without a result that is known");
  const wrong =
    (!isTextOrNone(user_name) && "user_name") ||
    (!isTextOrNone(client_id) && "client_id") ||
    (!isRecordOrNone(claims) && "claims") ||
    (!isDurationOrNone(valid_for_seconds) && "valid_for_seconds");
  if (wrong !== false) return trouble(`the service answered with a ${wrong} of the wrong kind`);
  return {
    result: result as ServiceAnswer["result"],
    ...(isGiven(user_name) && { userName: user_name as string }),
    ...(isGiven(client_id) && { clientId: client_id as string }),
    ...(isGiven(claims) && { claims: claims as Record<string, unknown> }),
    ...(isGiven(valid_for_seconds) && { validForMs: (valid_for_seconds as number) * 1_000 }),
  };
}

interface AnswerFields {
  readonly result?: unknown;
  readonly user_name?: unknown;
  readonly client_id?: unknown;
  readonly claims?: unknown;
  readonly valid_for_seconds?: unknown;
}

/** `null` is as good as nothing. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function isTextOrNone(value: unknown): boolean {
  return !isGiven(value) || typeof value === "string";
}

function isRecordOrNone(value: unknown): boolean {
  return !isGiven(value) || (typeof value === "object" && !Array.isArray(value));
}

function isDurationOrNone(value: unknown): boolean {
  return !isGiven(value) || (typeof value === "number" && value > 0 && Number.isFinite(value));
}
