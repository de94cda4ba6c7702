/**
 * Topics by their bytes: a cache from the UTF-8 of a topic name to what was found out about it once, that it is
 * well-formed and who gets its messages. HOT.
 *
 * An open-addressing hash over the bytes, so that a known topic costs no string. Two generations bound it: when the young
 * table is full it becomes the old one, and what is not looked up before the next turn is forgotten. A `Topic` that a
 * message or an alias still holds goes on working.
 */

import { hashBytes, rangesEqual, utf8Decode, utf8Encode } from "#base";
import { checkTopicName, type ProtocolVersion } from "#protocol";
import type { Route } from "./route.ts";

const SLASH = 0x2f;
const SYSTEM_ROOT = utf8Encode("$SYS");
const CONTROL_ROOT = utf8Encode("$CONTROL");

export class Topic {
  readonly bytes: Uint8Array;
  readonly hash: number;
  /** Of the first level, which decides which wildcard filters can matter. */
  readonly rootHash: number;
  readonly levels: number;
  /** Below `$SYS/`, where only the broker publishes. */
  readonly isSystem: boolean;
  /** Below `$CONTROL/`: what is published there is a command to the broker. */
  readonly isControl: boolean;
  /** Who gets its messages, valid while `routeStamp` is the tree's stamp for this topic. */
  route: Route | undefined = undefined;
  routeStamp = -1;
  #name: string | undefined = undefined;

  private constructor(bytes: Uint8Array, hash: number, rootEnd: number) {
    this.bytes = bytes;
    // A small integer to the engine, unlike the half of them that are above 2^31.
    this.hash = hash | 0;
    this.rootHash = hashBytes(bytes, 0, rootEnd);
    let levels = 1;
    for (let i = rootEnd; i < bytes.length; i++) if (bytes[i] === SLASH) levels++;
    this.levels = levels;
    this.isSystem = rootEnd === SYSTEM_ROOT.length && rangesEqual(bytes, 0, SYSTEM_ROOT, 0, rootEnd);
    this.isControl = rootEnd === CONTROL_ROOT.length && rangesEqual(bytes, 0, CONTROL_ROOT, 0, rootEnd);
  }

  /** Messages to it are no business of subscribers alone. */
  get isReserved(): boolean {
    return this.isSystem || this.isControl;
  }

  /** A topic to publish to. */
  static of(bytes: Uint8Array, hash: number): Topic {
    const slash = bytes.indexOf(SLASH);
    return new Topic(bytes, hash, slash < 0 ? bytes.length : slash);
  }

  /** A mere name on its way to one receiver: nothing is published to it, so nothing has to be known of it. */
  static nameOnly(bytes: Uint8Array): Topic {
    return new Topic(bytes, 0, bytes.length);
  }

  get name(): string {
    this.#name ??= utf8Decode(this.bytes);
    return this.#name;
  }

  equals(bytes: Uint8Array, start: number, end: number): boolean {
    return this.bytes.length === end - start && rangesEqual(this.bytes, 0, bytes, start, end - start);
  }
}

/** Topics, and bytes of their names, in one generation; two of these are kept. There is room for one a subscription. */
const LEAST_GENERATION_SIZE = 65_536;
const BYTES_PER_TOPIC = 128;
const FIRST_CAPACITY = 1024;

export class TopicTable {
  readonly #rejectControlCharacters: boolean;
  #generationSize = LEAST_GENERATION_SIZE;
  #young = new Generation();
  #old = new Generation();

  constructor(options: { rejectControlCharacters: boolean }) {
    this.#rejectControlCharacters = options.rejectControlCharacters;
  }

  /** How many subscriptions there are now: with each its own topic, all of them are to be found here. */
  expect(subscriptions: number): void {
    this.#generationSize = Math.max(LEAST_GENERATION_SIZE, subscriptions);
  }

  /** Topics in both generations; one that is in both counts twice. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** Lets go of the routes that no longer hold, and so of the sessions in them. */
  releaseRoutes(stampOf: (topic: Topic) => number): void {
    this.#young.releaseRoutes(stampOf);
    this.#old.releaseRoutes(stampOf);
  }

  /**
   * The topic whose name is `bytes[start, end)`, from a packet of `version`.
   * @throws MalformedPacketError or ProtocolError when that is no topic name
   */
  resolve(bytes: Uint8Array, start: number, end: number, version: ProtocolVersion): Topic {
    const hash = hashBytes(bytes, start, end);
    const known = this.#young.find(hash, bytes, start, end);
    if (known !== undefined) return known;
    return this.#promoteOrAdd(hash, bytes, start, end, version);
  }

  /** The topic of a name that is known to be valid. */
  of(name: string, version: ProtocolVersion): Topic {
    const bytes = utf8Encode(name);
    return this.resolve(bytes, 0, bytes.length, version);
  }

  #promoteOrAdd(
    hash: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    version: ProtocolVersion,
  ): Topic {
    let topic = this.#old.find(hash, bytes, start, end);
    if (topic === undefined) {
      checkTopicName(bytes, start, end, version, { rejectControlCharacters: this.#rejectControlCharacters });
      topic = Topic.of(bytes.slice(start, end), hash);
    }
    const largest = this.#generationSize;
    if (this.#young.size >= largest || this.#young.sizeBytes >= largest * BYTES_PER_TOPIC) {
      this.#old = this.#young;
      this.#young = new Generation();
    }
    this.#young.add(topic);
    return topic;
  }
}

class Generation {
  #slots: (Topic | undefined)[] = new Array<Topic | undefined>(FIRST_CAPACITY).fill(undefined);
  /** The hash of each slot's topic, so that passing over others does not have to look at them. */
  #hashes = new Int32Array(FIRST_CAPACITY);
  size = 0;
  sizeBytes = 0;

  find(hash: number, bytes: Uint8Array, start: number, end: number): Topic | undefined {
    const hashes = this.#hashes;
    const mask = hashes.length - 1;
    const stored = hash | 0;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const other = hashes[slot] as number;
      if (other !== stored && other !== 0) continue;
      const topic = this.#slots[slot];
      if (topic === undefined) return undefined;
      if (other === stored && topic.equals(bytes, start, end)) return topic;
    }
  }

  add(topic: Topic): void {
    if (this.size * 2 >= this.#slots.length) this.#grow();
    this.#place(topic);
    this.size++;
    this.sizeBytes += topic.bytes.length;
  }

  releaseRoutes(stampOf: (topic: Topic) => number): void {
    for (const topic of this.#slots) {
      if (topic?.route !== undefined && topic.routeStamp !== stampOf(topic)) topic.route = undefined;
    }
  }

  #place(topic: Topic): void {
    const mask = this.#slots.length - 1;
    let slot = topic.hash & mask;
    while (this.#slots[slot] !== undefined) slot = (slot + 1) & mask;
    this.#slots[slot] = topic;
    this.#hashes[slot] = topic.hash;
  }

  #grow(): void {
    const topics = this.#slots;
    this.#slots = new Array<Topic | undefined>(topics.length * 2).fill(undefined);
    this.#hashes = new Int32Array(topics.length * 2);
    for (const topic of topics) if (topic !== undefined) this.#place(topic);
  }
}
