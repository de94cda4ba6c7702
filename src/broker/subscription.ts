/** What one session asked for with one topic filter. Replaced as a whole when it asks again [MQTT-3.8.4-3]. */

import type { Qos } from "#protocol";
import type { Session } from "./session.ts";
import type { SharedGroup } from "./shared-group.ts";

export class Subscription {
  readonly session: Session;
  /** As the client wrote it, `$share/name/` included. */
  readonly topicFilter: string;
  readonly qos: Qos;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  /** 0 for none. */
  readonly identifier: number;
  /** Set for a member of a shared subscription. */
  readonly group: SharedGroup | undefined;
  /** @internal where it stands in its leaf of the tree */
  position = 0;

  constructor(
    session: Session,
    topicFilter: string,
    options: {
      qos: Qos;
      noLocal: boolean;
      retainAsPublished: boolean;
      identifier: number;
      group: SharedGroup | undefined;
    },
  ) {
    this.session = session;
    this.topicFilter = topicFilter;
    this.qos = options.qos;
    this.noLocal = options.noLocal;
    this.retainAsPublished = options.retainAsPublished;
    this.identifier = options.identifier;
    this.group = options.group;
  }
}
