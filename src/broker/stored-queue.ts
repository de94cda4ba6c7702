/**
 * What waits in one session and lies in the store: twelve bytes a delivery, first in, first out. A million messages for a
 * client that is away cost this, and what the store's index costs, and nothing of their bodies.
 */

/** Most queues are short; each chunk is twice as large as the one before, up to a bound. */
const SMALLEST_CHUNK = 4;
const LARGEST_CHUNK = 512;

class Chunk {
  readonly ids: Float64Array;
  readonly sizes: Uint32Array;
  next: Chunk | undefined = undefined;

  constructor(capacity: number) {
    this.ids = new Float64Array(capacity);
    this.sizes = new Uint32Array(capacity);
  }

  get capacity(): number {
    return this.ids.length;
  }
}

export class StoredQueue {
  #first = new Chunk(SMALLEST_CHUNK);
  #last = this.#first;
  #head = 0;
  #tail = 0;
  /** Deliveries ever added and taken: what else waits in the session stands between them by these. */
  pushed = 0;
  shifted = 0;
  sizeBytes = 0;

  get size(): number {
    return this.pushed - this.shifted;
  }

  /** Memory of the arrays, room for what may still come included. */
  get memoryBytes(): number {
    let bytes = 0;
    for (let chunk: Chunk | undefined = this.#first; chunk !== undefined; chunk = chunk.next)
      bytes += chunk.ids.buffer.byteLength + chunk.sizes.buffer.byteLength;
    return bytes;
  }

  /** The id of the first one's record; 0 when there is none. */
  get head(): number {
    return this.size === 0 ? 0 : (this.#first.ids[this.#head] as number);
  }

  /** @param sizeBytes what it counts against limits */
  push(id: number, sizeBytes: number): void {
    if (this.#tail === this.#last.capacity) {
      const chunk = new Chunk(Math.min(LARGEST_CHUNK, this.#last.capacity * 2));
      this.#last.next = chunk;
      this.#last = chunk;
      this.#tail = 0;
      // Everything before it has been taken, and there was nothing to go on to.
      if (this.#head === this.#first.capacity) {
        this.#first = chunk;
        this.#head = 0;
      }
    }
    this.#last.ids[this.#tail] = id;
    this.#last.sizes[this.#tail] = sizeBytes;
    this.#tail++;
    this.pushed++;
    this.sizeBytes += sizeBytes;
  }

  /** Takes the first one out; there is one. */
  shift(): number {
    const id = this.#first.ids[this.#head] as number;
    this.sizeBytes -= this.#first.sizes[this.#head] as number;
    this.#head++;
    this.shifted++;
    if (this.#head === this.#first.capacity && this.#first.next !== undefined) {
      this.#first = this.#first.next;
      this.#head = 0;
    }
    return id;
  }
}
