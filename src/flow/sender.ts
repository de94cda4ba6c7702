/**
 * The sending half of QoS 1 and QoS 2 (sections 4.3, 4.4, 4.9) without a socket: packet identifiers, what is
 * unacknowledged, what has to be sent again, the peer's Receive Maximum and a limit of bytes in flight. HOT.
 *
 * In flight is a ring of slots, found by packet identifier; parallel arrays instead of an object a message:
 *
 *     slot = packetId & (capacity - 1)      packetIds[slot]  0 = free
 *                                           states[slot]     awaiting PUBACK, PUBREC or PUBCOMP
 *                                           messages[slot], terms[slot], orders[slot], marks[slot]
 *
 * Identifiers are given out in rising order and skip those whose slot is taken, so no two in flight are ever equal.
 * Two lifetimes: what is in flight belongs to the session, the quota to the connection.
 */

import { InvariantError } from "#base";
import type { Qos } from "#protocol";

const LARGEST_PACKET_ID = 65535;
const FIRST_CAPACITY = 8;
const LARGEST_CAPACITY = 65536;

export const InFlight = { AWAITING_PUBACK: 1, AWAITING_PUBREC: 2, AWAITING_PUBCOMP: 3 } as const;
export type InFlight = (typeof InFlight)[keyof typeof InFlight];

/** Set in a state while its PUBLISH takes part of this connection's quota. */
const COUNTED = 0x80;

// Shared by all that have nothing in flight, so that an idle session owns no array. Never written to.
const NOTHING: never[] = [];

/** What has to be sent again after a reconnect: the PUBLISH with DUP, or the PUBREL. */
export interface Resend<Message, Terms> {
  readonly packetId: number;
  readonly state: InFlight;
  /** Absent once PUBREC came. */
  readonly message: Message | undefined;
  readonly terms: Terms | undefined;
}

/** How many bytes may be in flight before nothing further is sent; the message that reaches it is the last. */
export interface ByteLimit<Message> {
  /** Above 0, so that one message is always allowed. */
  readonly maximumBytes: number;
  /** The same for a message whenever it is asked. */
  sizeOf(message: Message): number;
}

/**
 * @typeParam Message what is sent; kept until PUBACK or PUBREC
 * @typeParam Terms how it is sent, handed back with it
 */
export class Sender<Message, Terms> {
  // for the session
  #packetIds: number[] = NOTHING;
  #states: number[] = NOTHING;
  #orders: number[] = NOTHING;
  /** Whatever number the owner gave to a message; only there once it gave one. */
  #marks: number[] = NOTHING;
  #messages: (Message | undefined)[] = NOTHING;
  #terms: (Terms | undefined)[] = NOTHING;
  #size = 0;
  #lastPacketId = 0;
  #nextOrder = 1;

  // for the connection
  #receiveMaximum = 0;
  #counted = 0;
  #byteLimit: ByteLimit<Message> | undefined = undefined;
  /** Of what waits for PUBACK or PUBREC; only kept where there is a limit. */
  #bytes = 0;
  #resends: number[] = NOTHING;
  #resendAt = 0;

  /** How many packet identifiers are in use. */
  get size(): number {
    return this.#size;
  }

  /** Whether one more PUBLISH above QoS 0 may be sent now [MQTT-4.9.0-2]; resends go first [MQTT-4.6.0-1]. */
  get ready(): boolean {
    return (
      this.#counted < this.#receiveMaximum &&
      this.#resendAt === this.#resends.length &&
      this.#size < LARGEST_PACKET_ID &&
      (this.#byteLimit === undefined || this.#bytes < this.#byteLimit.maximumBytes)
    );
  }

  /** How many more such PUBLISHes may be sent now; with a limit of bytes one at a time. */
  get room(): number {
    if (this.#byteLimit !== undefined) return this.ready ? 1 : 0;
    if (this.#resendAt < this.#resends.length) return 0;
    return Math.min(this.#receiveMaximum - this.#counted, LARGEST_PACKET_ID - this.#size);
  }

  /** Whether something of an earlier connection has not been sent again yet. */
  get resending(): boolean {
    return this.#resendAt < this.#resends.length;
  }

  /**
   * A connection begins: its quota is new, and everything unacknowledged is due again in its order [MQTT-4.4.0-1]. A limit of bytes
   * does not hold that up.
   */
  connect(receiveMaximum: number, byteLimit?: ByteLimit<Message>): void {
    this.#receiveMaximum = receiveMaximum;
    this.#counted = 0;
    this.#byteLimit = byteLimit;
    this.#bytes = 0;
    this.#resends = NOTHING;
    this.#resendAt = 0;
    if (this.#size === 0) return;
    this.#resends = [];
    for (let slot = 0; slot < this.#packetIds.length; slot++) {
      if (this.#packetIds[slot] === 0) continue;
      this.#states[slot] = this.#stateAt(slot);
      const message = this.#messages[slot];
      if (byteLimit !== undefined && message !== undefined) this.#bytes += byteLimit.sizeOf(message);
      this.#resends.push(slot);
    }
    this.#resends.sort((a, b) => (this.#orders[a] as number) - (this.#orders[b] as number));
  }

  /** The connection is gone; nothing may be sent until the next one. */
  disconnect(): void {
    this.#receiveMaximum = 0;
    this.#resends = NOTHING;
    this.#resendAt = 0;
    this.trim();
  }

  /** Gives back the room that an earlier burst took, if nothing is in flight. */
  trim(): void {
    if (this.#size > 0 || this.#packetIds.length === 0 || this.resending) return;
    this.#packetIds = NOTHING;
    this.#states = NOTHING;
    this.#orders = NOTHING;
    this.#marks = NOTHING;
    this.#messages = NOTHING;
    this.#terms = NOTHING;
  }

  /** The next thing to send again, or undefined when nothing is left or the quota is used up. */
  nextResend(): Resend<Message, Terms> | undefined {
    while (this.#resendAt < this.#resends.length) {
      const slot = this.#resends[this.#resendAt] as number;
      const packetId = this.#packetIds[slot] as number;
      if (packetId === 0) {
        this.#resendAt++;
        continue;
      }
      const state = this.#stateAt(slot);
      if (state !== InFlight.AWAITING_PUBCOMP) {
        if (this.#counted >= this.#receiveMaximum) return undefined;
        this.#counted++;
        this.#states[slot] = state | COUNTED;
      }
      this.#resendAt++;
      return { packetId, state, message: this.#messages[slot], terms: this.#terms[slot] };
    }
    return undefined;
  }

  /** Takes a new message in flight and returns its packet identifier. Only when `ready`. */
  send(message: Message, terms: Terms, qos: Qos): number {
    if (this.#size * 2 >= this.#packetIds.length) this.#grow();
    const mask = this.#packetIds.length - 1;
    let packetId = this.#lastPacketId;
    do packetId = packetId === LARGEST_PACKET_ID ? 1 : packetId + 1;
    while (this.#packetIds[packetId & mask] !== 0);
    const slot = packetId & mask;
    this.#lastPacketId = packetId;
    this.#packetIds[slot] = packetId; // [MQTT-2.2.1-4]
    this.#states[slot] = (qos === 1 ? InFlight.AWAITING_PUBACK : InFlight.AWAITING_PUBREC) | COUNTED;
    this.#orders[slot] = this.#nextOrder++;
    this.#messages[slot] = message;
    this.#terms[slot] = terms;
    this.#size++;
    this.#counted++;
    if (this.#byteLimit !== undefined) this.#bytes += this.#byteLimit.sizeOf(message);
    return packetId;
  }

  /**
   * Takes back what was in flight before a restart, under its old identifier; it is due again at the next `connect`. Call it
   * in the order in which things were sent, and before anything else is. Returns false, and takes nothing, when `packetId` is
   * none or is in use: what was stored is wrong.
   */
  restore(packetId: number, state: InFlight, message: Message | undefined, terms: Terms): boolean {
    const isPossible = packetId > 0 && packetId <= LARGEST_PACKET_ID;
    if (!isPossible || this.#slotOf(packetId) >= 0) return false;
    const isTaken = (): boolean => this.#packetIds[packetId & (this.#packetIds.length - 1)] !== 0;
    while (this.#size * 2 >= this.#packetIds.length || isTaken()) this.#grow();
    const slot = packetId & (this.#packetIds.length - 1);
    this.#packetIds[slot] = packetId;
    this.#states[slot] = state;
    this.#orders[slot] = this.#nextOrder++;
    this.#messages[slot] = state === InFlight.AWAITING_PUBCOMP ? undefined : message;
    this.#terms[slot] = terms;
    this.#size++;
    this.#lastPacketId = packetId;
    return true;
  }

  /** What `packetId` waits for, or undefined when it is not in use. */
  stateOf(packetId: number): InFlight | undefined {
    const slot = this.#slotOf(packetId);
    return slot < 0 ? undefined : this.#stateAt(slot);
  }

  termsOf(packetId: number): Terms | undefined {
    const slot = this.#slotOf(packetId);
    return slot < 0 ? undefined : this.#terms[slot];
  }

  /** Remembers a number with `packetId`, which is in use. */
  mark(packetId: number, mark: number): void {
    if (this.#marks.length < this.#packetIds.length) {
      this.#marks = zeros(this.#packetIds.length);
    }
    this.#marks[packetId & (this.#packetIds.length - 1)] = mark;
  }

  /** The number that was remembered with `packetId`; 0 for none. */
  markOf(packetId: number): number {
    const slot = this.#slotOf(packetId);
    return slot < 0 ? 0 : (this.#marks[slot] ?? 0);
  }

  messageOf(packetId: number): Message | undefined {
    const slot = this.#slotOf(packetId);
    return slot < 0 ? undefined : this.#messages[slot];
  }

  /**
   * Ends `packetId`'s life if it waits for `state`: by PUBACK, by PUBCOMP, or by a PUBREC that refuses. Returns whether
   * it did; false for an identifier that is unknown or at another step.
   */
  complete(packetId: number, state: InFlight): boolean {
    const slot = this.#slotOf(packetId);
    if (slot < 0 || this.#stateAt(slot) !== state) return false;
    if (((this.#states[slot] as number) & COUNTED) !== 0) this.#counted--;
    this.#packetIds[slot] = 0;
    if (this.#marks.length > 0) this.#marks[slot] = 0;
    if (this.#byteLimit !== undefined) this.#uncountBytes(slot);
    this.#messages[slot] = undefined;
    this.#terms[slot] = undefined;
    this.#size--;
    return true;
  }

  /** PUBREC came: the message is the peer's now, and PUBREL is owed until PUBCOMP [MQTT-4.3.3-4]. */
  release(packetId: number): boolean {
    const slot = this.#slotOf(packetId);
    if (slot < 0 || this.#stateAt(slot) !== InFlight.AWAITING_PUBREC) return false;
    this.#states[slot] = InFlight.AWAITING_PUBCOMP | ((this.#states[slot] as number) & COUNTED);
    if (this.#byteLimit !== undefined) this.#uncountBytes(slot);
    this.#messages[slot] = undefined;
    this.#orders[slot] = this.#nextOrder++; // PUBRELs go in the order of the PUBRECs [MQTT-4.6.0-4]
    return true;
  }

  /** Everything in flight, oldest first. */
  unacknowledged(): Resend<Message, Terms>[] {
    const slots: number[] = [];
    for (let slot = 0; slot < this.#packetIds.length; slot++)
      if (this.#packetIds[slot] !== 0) slots.push(slot);
    slots.sort((a, b) => (this.#orders[a] as number) - (this.#orders[b] as number));
    return slots.map((slot) => ({
      packetId: this.#packetIds[slot] as number,
      state: this.#stateAt(slot),
      message: this.#messages[slot],
      terms: this.#terms[slot],
    }));
  }

  #slotOf(packetId: number): number {
    if (this.#size === 0) return -1;
    const slot = packetId & (this.#packetIds.length - 1);
    return packetId !== 0 && this.#packetIds[slot] === packetId ? slot : -1;
  }

  #uncountBytes(slot: number): void {
    const message = this.#messages[slot];
    if (message !== undefined) this.#bytes -= this.#byteLimit?.sizeOf(message) ?? 0;
  }

  #stateAt(slot: number): InFlight {
    return ((this.#states[slot] as number) & ~COUNTED) as InFlight;
  }

  #grow(): void {
    const old = { packetIds: this.#packetIds, states: this.#states, orders: this.#orders };
    const messages = this.#messages;
    const terms = this.#terms;
    const marks = this.#marks;
    const capacity = old.packetIds.length === 0 ? FIRST_CAPACITY : old.packetIds.length * 2;
    if (capacity > LARGEST_CAPACITY) {
      if (this.#size >= LARGEST_PACKET_ID)
        throw new InvariantError("More messages in flight than packet identifiers.");
      return;
    }
    this.#packetIds = zeros(capacity);
    this.#states = zeros(capacity);
    this.#orders = zeros(capacity);
    if (marks.length > 0) this.#marks = zeros(capacity);
    this.#messages = new Array<Message | undefined>(capacity).fill(undefined);
    this.#terms = new Array<Terms | undefined>(capacity).fill(undefined);
    for (let from = 0; from < old.packetIds.length; from++) {
      const packetId = old.packetIds[from] as number;
      if (packetId === 0) continue;
      const slot = packetId & (capacity - 1);
      this.#packetIds[slot] = packetId;
      this.#states[slot] = old.states[from] as number;
      this.#orders[slot] = old.orders[from] as number;
      this.#messages[slot] = messages[from];
      this.#terms[slot] = terms[from];
      if (marks.length > 0) this.#marks[slot] = marks[from] as number;
    }
    if (this.#resendAt < this.#resends.length) {
      this.#resends = this.#resends
        .slice(this.#resendAt)
        .map((slot) => (old.packetIds[slot] as number) & (capacity - 1));
      this.#resendAt = 0;
    }
  }
}

/** Plain arrays: a window is small, and a typed array costs more than what most windows hold. */
function zeros(length: number): number[] {
  return new Array<number>(length).fill(0);
}
