/** Every setting of the broker, by the tables of a configuration file. The one list of them: all else is made from it. */

import { table, type ValueOf } from "../declare.ts";
import { access } from "./access.ts";
import { clientIds, limits, mqtt, queue, retained, session, sys } from "./behaviour.ts";
import { bridges } from "./bridges.ts";
import { log, persistence, process } from "./keeping.ts";
import { listeners } from "./listeners.ts";
import { logins } from "./logins.ts";
import { users } from "./users.ts";

export const configurationSchema = table(
  { says: "A broker.", reload: "restart" },
  {
    listeners,
    mqtt,
    client_ids: clientIds,
    limits,
    session,
    queue,
    retained,
    sys,
    persistence,
    log,
    process,
    logins,
    access,
    users,
    bridges,
  },
);

/** What a broker is to do; every value is there, `undefined` where a setting that has no default is not set. */
export type Configuration = ValueOf<typeof configurationSchema>;

/** Limits of some users. */
export type UsersConfiguration = Configuration["users"][number];

/** Another broker, and what is exchanged with it. */
export type BridgeConfiguration = Configuration["bridges"][number];

export type ListenerConfiguration = Configuration["listeners"][number];
