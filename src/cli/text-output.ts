/**
 * Results on standard output, whole: nothing is dropped, a slow reader is waited for, and one that goes away early is no
 * error.
 */

const CHUNK_LENGTH = 65_536;

/** A process has one standard output, so what is known of it is kept once. */
const standardOutput = { isWatched: false, isGone: false };

export class TextOutput {
  #waiting: string[] = [];
  #length = 0;

  /** Nobody reads any more, for example behind `| head`: there is no use in going on. */
  get isGone(): boolean {
    return standardOutput.isGone;
  }

  /** Appends `line` and a line feed. */
  async line(line: string): Promise<void> {
    this.#waiting.push(line);
    this.#length += line.length + 1;
    if (this.#length >= CHUNK_LENGTH) await this.flush();
  }

  /** Writes what waits. */
  async flush(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const text = `${this.#waiting.join("\n")}\n`;
    this.#waiting = [];
    this.#length = 0;
    await this.bytes(text);
  }

  /** Writes as it is, without a line feed. */
  async bytes(bytes: Uint8Array | string): Promise<void> {
    watch();
    if (this.isGone) return;
    await new Promise<void>((resolve) => {
      process.stdout.write(bytes, () => resolve());
    });
  }
}

function watch(): void {
  if (standardOutput.isWatched) return;
  standardOutput.isWatched = true;
  process.stdout.on("error", () => {
    standardOutput.isGone = true;
  });
}
