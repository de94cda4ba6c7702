/**
 * One source of permissions, as a port: an access file, rules, roles, or the permission half of any gate. A source judges the
 * questions that are its business and passes on the others; `combineAccess` asks several in order.
 */

import type { GateChange, Identity, Permission } from "#auth";
import type { MaybePromise } from "#base";
import type { Qos } from "#protocol";

/**
 * Each question is that of `Gate`, but undefined is an answer too: this source does not know, the next one is asked. A question
 * that a source never judges it leaves out.
 */
export interface AccessSource {
  /** For logs, for example `acl.conf`. */
  readonly name?: string;
  mayPublish?(
    client: Identity,
    topicName: string,
    qos: Qos,
    retain: boolean,
  ): MaybePromise<Permission | undefined>;
  maySubscribe?(client: Identity, topicFilter: string, qos: Qos): MaybePromise<Permission | undefined>;
  mayUnsubscribe?(client: Identity, topicFilter: string): MaybePromise<Permission | undefined>;
  /** Does not wait. */
  mayReceive?(client: Identity, topicName: string): Permission | undefined;
  /** Calls `changed` whenever it would now answer otherwise. Called once. */
  watch?(changed: (change: GateChange) => void): void;
}
