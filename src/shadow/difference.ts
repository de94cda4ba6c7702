/** What the two brokers did differently, as records: the shape of a line of the report, and of the summary at its end. */

/** In the order of the summary. The names are API. */
const differenceKinds = [
  "connack",
  "session-present",
  "suback",
  "unsuback",
  "puback",
  "pubrec",
  "pubcomp",
  "pingresp",
  "auth",
  "missing-answer",
  "extra-answer",
  "missing-delivery",
  "extra-delivery",
  "duplicate-delivery",
  "missing-retained",
  "extra-retained",
  "payload",
  "qos",
  "retain",
  "properties",
  "order",
  "disconnect",
  "malformed",
] as const;

export type DifferenceKind = (typeof differenceKinds)[number];

/** One difference. What a broker did stands in the words of a packet, for example `SUBACK id 1, 0x01`. */
export interface Difference {
  readonly kind: DifferenceKind;
  /** Client id; `$share/name/filter` for a group, whose members may be chosen differently. */
  readonly client: string;
  /** Number of the connection, from 1 on; 0 for a group. */
  readonly connection: number;
  readonly topicName?: string;
  readonly old: string;
  readonly martlet: string;
}

/** What is worth knowing and no difference. The names are API. */
export type NoticeKind =
  /** A property of CONNACK that each broker chooses itself; each is told once. */
  | "connack-property"
  /** The session was there before the shadow. */
  | "older-session"
  /** A retained message of a topic to which nothing was retained through the shadow. */
  | "older-retained"
  /** The old broker could not be reached. */
  | "upstream"
  /** A client is no longer compared on this connection. */
  | "gave-up"
  /** A memory of the shadow is full. */
  | "limit";

export interface Notice {
  readonly kind: NoticeKind;
  readonly client: string;
  readonly connection: number;
  readonly says: string;
}

export interface ShadowSummary {
  readonly connections: number;
  /** Packets of clients, of the old broker, and of Martlet. */
  readonly packets: { readonly clients: number; readonly old: number; readonly martlet: number };
  /** Pairs that were held against each other. */
  readonly compared: { readonly answers: number; readonly deliveries: number };
  /** Only those that there are. */
  readonly differences: Readonly<Partial<Record<DifferenceKind, number>>>;
  readonly differenceCount: number;
  /** What one broker alone had sent when the client left, too late to tell. */
  readonly undecided: number;
  /** Connections that were no longer compared from some moment on. */
  readonly gaveUp: number;
  readonly notices: Readonly<Partial<Record<NoticeKind, number>>>;
}

/** Counts what is reported. */
export class Tally {
  connections = 0;
  clientPackets = 0;
  oldPackets = 0;
  martletPackets = 0;
  answers = 0;
  deliveries = 0;
  undecided = 0;
  readonly #differences = new Map<DifferenceKind, number>();
  readonly #notices = new Map<NoticeKind, number>();

  countDifference(kind: DifferenceKind): void {
    this.#differences.set(kind, (this.#differences.get(kind) ?? 0) + 1);
  }

  countNotice(kind: NoticeKind): void {
    this.#notices.set(kind, (this.#notices.get(kind) ?? 0) + 1);
  }

  /** Counts on by itself. */
  copy(): Tally {
    const copy = new Tally();
    copy.connections = this.connections;
    copy.clientPackets = this.clientPackets;
    copy.oldPackets = this.oldPackets;
    copy.martletPackets = this.martletPackets;
    copy.answers = this.answers;
    copy.deliveries = this.deliveries;
    copy.undecided = this.undecided;
    for (const [kind, count] of this.#differences) copy.#differences.set(kind, count);
    for (const [kind, count] of this.#notices) copy.#notices.set(kind, count);
    return copy;
  }

  summary(): ShadowSummary {
    const found = differenceKinds.filter((kind) => this.#differences.has(kind));
    return {
      connections: this.connections,
      packets: { clients: this.clientPackets, old: this.oldPackets, martlet: this.martletPackets },
      compared: { answers: this.answers, deliveries: this.deliveries },
      differences: Object.fromEntries(found.map((kind) => [kind, this.#differences.get(kind)])),
      differenceCount: [...this.#differences.values()].reduce((sum, each) => sum + each, 0),
      undecided: this.undecided,
      gaveUp: this.#notices.get("gave-up") ?? 0,
      notices: Object.fromEntries(this.#notices),
    };
  }
}
