/**
 * Runs the hooks of a point one after the other until one refuses. A hook that throws, or whose promise is rejected, is
 * reported and refuses the one matter it was asked about; nobody else notices.
 */

import { isPromise, type MaybePromise } from "#base";
import { ReasonCode } from "#protocol";
import { type DeliverDraft, type HookPoints, type Refusal, refuse } from "./points.ts";

type Draft<Point extends keyof HookPoints> = Parameters<HookPoints[Point]>[0];
type AnyHook = (draft: never) => MaybePromise<Refusal | undefined | void>;

const FAILED = refuse(ReasonCode.UNSPECIFIED_ERROR);

export class Hooks {
  readonly #hooks: Record<keyof HookPoints, readonly AnyHook[]> = {
    connect: [],
    publish: [],
    subscribe: [],
    deliver: [],
  };
  readonly #onError: (point: keyof HookPoints, error: unknown) => void;
  readonly #onChange: () => void;

  /** @param onChange called whenever a hook was added or removed */
  constructor(
    onError: (point: keyof HookPoints, error: unknown) => void,
    onChange: () => void = () => undefined,
  ) {
    this.#onError = onError;
    this.#onChange = onChange;
  }

  /** Adds `hook` behind those that are there; the returned function removes it. */
  add<Point extends keyof HookPoints>(point: Point, hook: HookPoints[Point]): () => void {
    const own: AnyHook = (draft) => (hook as AnyHook)(draft);
    this.#hooks[point] = [...this.#hooks[point], own];
    this.#onChange();
    return () => {
      this.#hooks[point] = this.#hooks[point].filter((other) => other !== own);
      this.#onChange();
    };
  }

  /** Whether anybody stands at `point`: lets a hot path skip making a draft. */
  has(point: keyof HookPoints): boolean {
    return this.#hooks[point].length > 0;
  }

  /** The first refusal, or undefined when all let `draft` pass. */
  run<Point extends "connect" | "publish" | "subscribe">(
    point: Point,
    draft: Draft<Point>,
  ): MaybePromise<Refusal | undefined> {
    return this.#runFrom(point, draft, this.#hooks[point], 0);
  }

  runDeliver(draft: DeliverDraft): Refusal | undefined {
    const verdict = this.#runFrom("deliver", draft, this.#hooks.deliver, 0);
    if (!isPromise(verdict)) return verdict;
    this.#onError("deliver", new TypeError("A deliver hook must not return a promise."));
    verdict.catch((error: unknown) => this.#onError("deliver", error));
    return FAILED;
  }

  #runFrom<Point extends keyof HookPoints>(
    point: Point,
    draft: Draft<Point>,
    hooks: readonly AnyHook[],
    first: number,
  ): MaybePromise<Refusal | undefined> {
    for (let i = first; i < hooks.length; i++) {
      let verdict: MaybePromise<Refusal | undefined | void>;
      try {
        verdict = (hooks[i] as AnyHook)(draft as never);
      } catch (error) {
        this.#onError(point, error);
        return FAILED;
      }
      if (isPromise(verdict))
        return this.#wait(point, draft, hooks, i, verdict as Promise<Refusal | undefined | void>);
      if (verdict !== undefined) return verdict as Refusal;
    }
    return undefined;
  }

  async #wait<Point extends keyof HookPoints>(
    point: Point,
    draft: Draft<Point>,
    hooks: readonly AnyHook[],
    index: number,
    pending: Promise<Refusal | undefined | void>,
  ): Promise<Refusal | undefined> {
    try {
      const verdict = await pending;
      return verdict === undefined
        ? await this.#runFrom(point, draft, hooks, index + 1)
        : (verdict as Refusal);
    } catch (error) {
      this.#onError(point, error);
      return FAILED;
    }
  }
}
