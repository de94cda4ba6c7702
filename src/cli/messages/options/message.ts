/** What is sent: topics, payloads, QoS and repetition. */

import { topicNameProblem } from "#protocol";
import { type MessageSettings, type PayloadSource, type Tool, UsageError } from "../settings.ts";
import { readUrl } from "../url-option.ts";
import { ALL, flag, type MessageOption, WRITERS } from "./message-option.ts";
import { atLeastOne, filter, qos } from "./values.ts";

export const messageOptions: readonly MessageOption[] = [
  {
    names: ["-t", "--topic"],
    tools: ALL,
    value: "<topic>",
    missing: "topic",
    help: "Topic name to publish to, or topic filter to subscribe to; sub takes several.",
    group: "message",
    apply: (settings, value, tool) => addTopic(settings, value, tool, "-t"),
  },
  {
    names: ["-L", "--url"],
    tools: ALL,
    value: "<url>",
    missing: "URL",
    help: "User name, password, host, port and topic in one: mqtt(s)://[user[:password]@]host[:port]/topic, or ws(s)://.",
    group: "connection",
    apply: (settings, value, tool) => addTopic(settings, readUrl(settings, value), tool, "-L topic"),
  },
  payload(["-m", "--message"], "<text>", "message", "Send this text.", (text) => ({ kind: "text", text })),
  payload(["-f", "--file"], "<file>", "file", "Send the content of a file.", (path) => ({
    kind: "file",
    path,
  })),
  payload(["-n", "--null-message"], undefined, "", "Send an empty message.", () => ({ kind: "empty" })),
  payload(["-s", "--stdin-file"], undefined, "", "Send all of standard input as one message.", () => ({
    kind: "input",
  })),
  {
    ...payload(
      ["-l", "--stdin-line"],
      undefined,
      "",
      "Send each line of standard input as a message.",
      () => ({ kind: "lines" }),
    ),
    tools: ["pub"],
  },
  {
    names: ["-q", "--qos"],
    tools: ALL,
    value: "<qos>",
    missing: "QoS",
    help: "0, 1 or 2. Default 0.",
    group: "message",
    apply: (settings, value) => {
      settings.qos = qos(value, (given) => `Error: Invalid QoS given: ${given}`);
    },
  },
  flag(
    ["-r", "--retain"],
    ["pub"],
    "message",
    "Let the broker keep the message for later subscribers.",
    (settings) => {
      settings.retain = true;
    },
  ),
  {
    names: ["--repeat"],
    tools: ["pub"],
    value: "<n>",
    missing: "count",
    help: "Publish the message n times.",
    group: "message",
    apply: (settings, value) => {
      settings.repeat = atLeastOne(value, () => "Error: --repeat argument must be >0.\n");
    },
  },
  {
    names: ["--repeat-delay"],
    tools: ["pub"],
    value: "<seconds>",
    missing: "time",
    help: "Wait between them; 0.5 is allowed. Default 0.",
    group: "message",
    apply: (settings, value) => {
      const seconds = Number.parseFloat(value);
      if (!(seconds >= 0)) throw new UsageError("Error: --repeat-delay argument must be >=0.0.\n");
      settings.repeatDelayMs = seconds * 1000;
    },
  },
  {
    names: ["-e"],
    tools: ["rr"],
    value: "<topic>",
    missing: "response topic",
    help: "Topic name for the response.",
    group: "message",
    apply: (settings, value) => {
      if (topicNameProblem(value) !== undefined) {
        throw new UsageError(`Error: Invalid response topic '${value}', does it contain '+' or '#'?`);
      }
      settings.responseTopic = value;
    },
  },
];

type Names = MessageOption["names"];

function payload(
  names: Names,
  value: string | undefined,
  missing: string,
  help: string,
  source: (value: string) => PayloadSource,
): MessageOption {
  return {
    names,
    tools: WRITERS,
    ...(value === undefined ? {} : { value, missing }),
    help,
    group: "message",
    apply: (settings, given) => {
      if (settings.payload !== undefined) {
        throw new UsageError("Error: Only one type of message can be sent at once.\n");
      }
      settings.payload = source(given);
    },
  };
}

function addTopic(settings: MessageSettings, topic: string, tool: Tool, option: string): void {
  if (!topic.isWellFormed()) throw new UsageError(`Error: Malformed UTF-8 in ${option} argument.\n`);
  if (tool === "sub") settings.topics.push(filter(topic, "subscription topic"));
  else {
    if (topicNameProblem(topic) !== undefined) {
      throw new UsageError(`Error: Invalid publish topic '${topic}', does it contain '+' or '#'?`);
    }
    settings.topics = [topic];
  }
}
