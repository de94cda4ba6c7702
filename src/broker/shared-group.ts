/**
 * One shared subscription (section 4.8.2): the members of one share name on one filter. Each message goes to one of them,
 * in turn among those who may read it and can take it now; to a member that is away only when all are.
 */

import type { Message } from "./message.ts";
import type { Session } from "./session.ts";
import type { Subscription } from "./subscription.ts";

export class SharedGroup {
  readonly shareName: string;
  readonly filter: string;
  readonly #members: Subscription[] = [];
  #next = 0;

  constructor(shareName: string, filter: string) {
    this.shareName = shareName;
    this.filter = filter;
  }

  get isEmpty(): boolean {
    return this.#members.length === 0;
  }

  add(subscription: Subscription, replaced: Subscription | undefined): void {
    const index = replaced === undefined ? -1 : this.#members.indexOf(replaced);
    if (index >= 0) this.#members[index] = subscription;
    else this.#members.push(subscription);
  }

  remove(subscription: Subscription): void {
    const index = this.#members.indexOf(subscription);
    if (index < 0) return;
    this.#members.splice(index, 1);
    if (this.#next > index) this.#next--;
  }

  /** Hands `message` to one member. Returns whether there was one besides `except`. */
  deliver(message: Message, except?: Session): boolean {
    const member = this.#choose(message, except);
    if (member === undefined) return false;
    member.session.deliver(message, member.terms);
    return true;
  }

  /** Whether a member besides `except` is connected. */
  hasOnline(except: Session): boolean {
    return this.#members.some((member) => member.session !== except && member.session.channel !== undefined);
  }

  #choose(message: Message, except: Session | undefined): Subscription | undefined {
    const members = this.#members;
    let online: number | undefined;
    let away: number | undefined;
    let barred: number | undefined;
    for (let i = 0; i < members.length; i++) {
      const index = (this.#next + i) % members.length;
      const { session } = members[index] as Subscription;
      if (session === except) continue;
      if (session.permissions?.mayReceive(message.topic) === false) {
        barred ??= index;
        continue;
      }
      if (session.canTakeNow) return this.#take(index);
      if (session.channel !== undefined) online ??= index;
      else away ??= index;
    }
    // Where nobody may read it, one of them has the outcome.
    const index = online ?? away ?? barred;
    return index === undefined ? undefined : this.#take(index);
  }

  #take(index: number): Subscription {
    this.#next = (index + 1) % this.#members.length;
    return this.#members[index] as Subscription;
  }
}
