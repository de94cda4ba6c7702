/** The options of mosquitto on what is told, and where. */

import { resolve } from "node:path";
import { optionsOf, text, toggle, whole, words } from "../option.ts";
import type { Target } from "../target.ts";

const option = optionsOf("general");

const types = [
  ...(["error", "warning", "notice", "information"] as const),
  ...(["debug", "subscribe", "unsubscribe", "websockets"] as const),
];
const MOST_FACILITIES = 7;

function addType(word: string, target: Target): void {
  const { logTypes } = target.draft;
  target.draft.logTypesLine = target.line;
  if (word === "none") logTypes.clear();
  else if (word === "all") for (const each of types) logTypes.add(each);
  else if (types.some((each) => each === word)) logTypes.add(word);
  else if (word === "internal") target.ignored("There is nothing of that type.");
  else throw target.mistake(`Invalid log_type value (${word}).`);
}

function addDestination([word = "", ...rest]: readonly string[], target: Target): void {
  const { logDestinations } = target.draft;
  switch (word) {
    case "none":
      logDestinations.clear();
      break;
    case "stdout":
    case "stderr":
    case "syslog":
    case "topic":
      logDestinations.add(word);
      break;
    case "file": {
      const file = rest.join(" ");
      if (file === "") throw target.mistake('Empty "log_dest file" value in configuration.');
      if (logDestinations.has("file")) throw target.mistake('Duplicate "log_dest file" value.');
      target.set("log.file", resolve(file));
      logDestinations.add(word);
      break;
    }
    case "dlt":
    case "android":
      target.ignored(`Nothing is written to ${word}; stderr, syslog, topic and file are there.`);
      return;
    default:
      throw target.mistake(`Invalid log_dest value (${word}).`);
  }
  target.draft.logDestinationsLine = target.line;
}

export const logOptions = [
  option(
    "log_dest",
    words,
    {
      keys: ["log.destination", "log.file"],
      says: "`stdout`, `stderr` (the default), `syslog`, `topic`, `file` with a path, or `none`; several add up. `dlt` and `android` are not there.",
    },
    addDestination,
  ),
  option(
    "log_type",
    words,
    { keys: ["log.types"], says: "Several add up; `all` and `none`." },
    ([word = ""], target) => addType(word, target),
  ),
  option("log_timestamp", toggle, { keys: ["log.timestamp"], says: "Whether lines begin with the time." }),
  option("log_timestamp_format", text, {
    isOnce: true,
    keys: ["log.timestamp_format"],
    says: "In the words of strftime.",
  }),
  option(
    "log_facility",
    whole(0, MOST_FACILITIES),
    { keys: ["log.facility"], says: "0 to 7 are `local0` to `local7` of syslog. Default `daemon`." },
    (value, target) => {
      target.set("log.facility", `local${value}`);
    },
  ),
  option("connection_messages", toggle, {
    keys: ["log.connections"],
    says: "Whether clients that come and go have lines.",
  }),
];
