/**
 * Typed events for embedders. A listener that throws is reported to `onListenerError` and hurts nobody else.
 */

export type Listener<Detail> = (detail: Detail) => void;

export class Events<Map extends object> {
  readonly #listeners = new globalThis.Map<keyof Map, Listener<never>[]>();
  readonly #onListenerError: (event: keyof Map, error: unknown) => void;

  constructor(onListenerError: (event: keyof Map, error: unknown) => void) {
    this.#onListenerError = onListenerError;
  }

  /** Adds `listener`; the returned function removes it. */
  on<Name extends keyof Map>(event: Name, listener: Listener<Map[Name]>): () => void {
    const own = (detail: Map[Name]): void => listener(detail);
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), own as Listener<never>]);
    return () => {
      const left = (this.#listeners.get(event) ?? []).filter((other) => other !== own);
      if (left.length === 0) this.#listeners.delete(event);
      else this.#listeners.set(event, left);
    };
  }

  /** Whether anybody listens: lets a hot path skip building the detail. */
  has(event: keyof Map): boolean {
    return this.#listeners.has(event);
  }

  emit<Name extends keyof Map>(event: Name, detail: Map[Name]): void {
    const listeners = this.#listeners.get(event);
    if (listeners === undefined) return;
    for (const listener of listeners) {
      try {
        (listener as Listener<Map[Name]>)(detail);
      } catch (error) {
        this.#onListenerError(event, error);
      }
    }
  }
}
