/** Which messages come, how many, and for how long; and the properties of every packet. */

import { UsageError } from "../settings.ts";
import { ALL, flag, type MessageOption, nothing, READERS } from "./message-option.ts";
import { atLeastOne, filter } from "./values.ts";

export const subscriptionOptions: readonly MessageOption[] = [
  {
    names: ["-T", "--filter-out"],
    tools: ["sub"],
    value: "<filter>",
    missing: "topic filter",
    help: "Do not show topics that match; may be given several times.",
    group: "message",
    apply: (settings, value) => {
      settings.filtersOut.push(filter(value, "filter topic"));
    },
  },
  {
    names: ["-U", "--unsubscribe"],
    tools: ["sub"],
    value: "<filter>",
    missing: "unsubscribe topic",
    help: "Unsubscribe, for a session that goes on (-c); may be given several times.",
    group: "message",
    apply: (settings, value) => {
      settings.unsubscribe.push(filter(value, "unsubscribe topic"));
    },
  },
  {
    names: ["-C", "--count"],
    tools: ["sub"],
    value: "<n>",
    missing: "count",
    help: "End after n messages.",
    group: "message",
    apply: (settings, value) => {
      settings.count = atLeastOne(value, (given) => `Error: Invalid message count "${given}".\n`);
    },
  },
  {
    names: ["-W", "--timeout"],
    tools: READERS,
    value: "<seconds>",
    missing: "timeout",
    help: "End after this time, with exit status 27.",
    group: "message",
    apply: (settings, value) => {
      settings.timeoutSeconds = atLeastOne(value, (given) => `Error: Invalid timeout "${given}".\n`);
    },
  },
  flag(
    ["-E"],
    ["sub"],
    "message",
    "End as soon as the broker has answered the subscriptions.",
    (settings) => {
      settings.exitAfterSuback = true;
    },
  ),
  flag(["-R"], READERS, "message", "No retained messages.", (settings) => {
    settings.noRetained = true;
    settings.retainHandling ??= 2;
  }),
  flag(
    ["--retained-only"],
    ["sub"],
    "message",
    "Retained messages only; end with the first that is not.",
    (settings) => {
      settings.retainedOnly = true;
    },
  ),
  flag(
    ["--remove-retained"],
    ["sub"],
    "message",
    "Remove each retained message that comes from the broker.",
    (settings) => {
      settings.removeRetained = true;
    },
  ),
  flag(
    ["--retain-as-published"],
    READERS,
    "message",
    "Show the retain flag as the publisher set it. 5.0 only.",
    (settings) => {
      settings.retainAsPublished = true;
    },
  ),
  {
    names: ["--retain-handling"],
    tools: READERS,
    value: "<when>",
    missing: "option",
    help: "When retained messages come: always, new (only for a new subscription) or never. 5.0 only.",
    group: "message",
    apply: (settings, value) => {
      const handling = ["always", "new", "never"].indexOf(value);
      if (handling < 0) throw new UsageError(`Error: Unknown value '${value}' for --retain-handling.\n`);
      settings.retainHandling = handling as 0 | 1 | 2;
    },
  },
  {
    names: ["--random-filter"],
    tools: ["sub"],
    value: "<percent>",
    missing: "chance",
    help: "Show only this share of the messages, picked at random: 0.1 to 100.",
    group: "message",
    apply: (settings, value) => {
      const percent = Number.parseFloat(value);
      if (!(percent >= 0.1 && percent <= 100)) {
        throw new UsageError("Error: --random-filter chance must be between 0.1-100.0\n");
      }
      settings.randomFilterPercent = percent;
    },
  },
  {
    names: ["-D", "--property"],
    tools: ALL,
    value: "<packet> <name> <value>",
    help: "A property of MQTT 5.0, for connect, publish, subscribe, unsubscribe, disconnect or will: -D publish user-property key value.",
    group: "message",
    // Takes several words; read-arguments.ts reads them.
    apply: nothing,
  },
];
