/**
 * The mount point of one client: its own topic names to those of the broker and back. HOT: `topicOf`.
 *
 *     client           broker
 *     door/1           site-a/door/1
 *     $share/g/door/+  $share/g/site-a/door/+
 *     #                site-a/#                  and so nothing outside, $SYS included
 *
 * Everything behind it, rules, hooks, retained messages and stored subscriptions, knows whole names only. Response Topics travel as
 * they are: clients of one mount point understand each other.
 */

import { EMPTY_BYTES, rangesEqual, utf8Encode } from "#base";
import { isSharedFilter, type ProtocolVersion, parseTopicFilter, type SubscriptionRequest } from "#protocol";
import type { Topic, TopicTable } from "./topic.ts";

export class Mount {
  readonly #text: string;
  readonly #bytes: Uint8Array;
  readonly #topics: TopicTable;
  // Most clients publish to the topic they published to last.
  #lastName: Uint8Array = EMPTY_BYTES;
  #lastTopic: Topic | undefined = undefined;

  constructor(text: string, topics: TopicTable) {
    this.#text = text;
    this.#bytes = utf8Encode(text);
    this.#topics = topics;
  }

  /** Bytes that the client does not see of a topic. */
  get sizeBytes(): number {
    return this.#bytes.length;
  }

  /**
   * The topic that the client means by `bytes[start, end)`.
   * @throws MalformedPacketError or ProtocolError when that is no topic name
   */
  topicOf(bytes: Uint8Array, start: number, end: number, version: ProtocolVersion): Topic {
    const last = this.#lastName;
    const isLast = last.length === end - start && rangesEqual(last, 0, bytes, start, last.length);
    if (isLast && this.#lastTopic !== undefined) return this.#lastTopic;
    this.#lastName = this.#topics.resolve(bytes, start, end, version).bytes;
    this.#lastTopic = this.mounted(this.#lastName, version);
    return this.#lastTopic;
  }

  /** The topic of a name that is known to be valid. */
  mounted(name: Uint8Array, version: ProtocolVersion): Topic {
    const mount = this.#bytes;
    const whole = new Uint8Array(mount.length + name.length);
    whole.set(mount);
    whole.set(name, mount.length);
    return this.#topics.resolve(whole, 0, whole.length, version);
  }

  /** Whether the client can be told of `topic` by a name of its own. */
  covers({ bytes }: Topic): boolean {
    const { length } = this.#bytes;
    return bytes.length > length && rangesEqual(bytes, 0, this.#bytes, 0, length);
  }

  /** The client's own name of a topic that is covered. */
  nameOf({ bytes }: Topic): Uint8Array {
    return bytes.subarray(this.#bytes.length);
  }

  /** What is no filter stays as it is, so that it is refused as that. */
  filterOf(topicFilter: string): string {
    const parsed = parseTopicFilter(topicFilter);
    if (parsed === undefined) return topicFilter;
    if (!isSharedFilter(topicFilter)) return this.#text + topicFilter;
    return `$share/${parsed.shareName}/${this.#text}${parsed.filter}`;
  }

  requestOf(request: SubscriptionRequest): SubscriptionRequest {
    return { ...request, topicFilter: this.filterOf(request.topicFilter) };
  }
}
