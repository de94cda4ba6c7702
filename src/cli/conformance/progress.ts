/** One line on a terminal that says how far a run is; nothing where there is no terminal. */

const CLEAR_LINE = "\r\u001b[K";
/** Between two writes. */
const PAUSE_MS = 100;

export class Progress {
  readonly #stream: NodeJS.WriteStream | undefined;
  #writtenAt = Number.NEGATIVE_INFINITY;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream.isTTY ? stream : undefined;
  }

  show(text: string): void {
    const now = performance.now();
    if (this.#stream === undefined || now - this.#writtenAt < PAUSE_MS) return;
    this.#writtenAt = now;
    this.#stream.write(CLEAR_LINE + text.slice(0, Math.max(20, this.#stream.columns - 1)));
  }

  clear(): void {
    if (this.#stream === undefined || this.#writtenAt === Number.NEGATIVE_INFINITY) return;
    this.#stream.write(CLEAR_LINE);
    this.#writtenAt = Number.NEGATIVE_INFINITY;
  }
}
