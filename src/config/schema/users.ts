/** What some users have instead of what all have: `[[users]]`. */

import { list, table, tables, text } from "../declare.ts";
import { limits, mqtt, queue, retained, session } from "./behaviour.ts";
import { perUser } from "./shared.ts";

export const users = tables(
  {
    says: "Limits of some users. The first table that names a user counts, from the next login on.",
    reload: "now",
    default: [],
  },
  table(
    {},
    {
      names: list({
        item: text({}),
        fewest: 1,
        required: true,
        says: "Their user names; `*` stands for any letters.",
      }),
      mqtt: perUser(mqtt, "mqtt"),
      limits: perUser(limits, "limits"),
      session: perUser(session, "session"),
      queue: perUser(queue, "queue"),
      retained: perUser(retained, "retained"),
    },
  ),
);
