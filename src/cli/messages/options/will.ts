/** What the broker publishes when the client is lost. */

import { topicNameProblem } from "#protocol";
import { UsageError } from "../settings.ts";
import { ALL, flag, type MessageOption, text } from "./message-option.ts";
import { qos } from "./values.ts";

export const willOptions: readonly MessageOption[] = [
  text(
    ["--will-topic"],
    "<topic>",
    "will topic",
    "will",
    "What the broker publishes when this client is lost: the topic name,",
    (settings, value) => {
      if (topicNameProblem(value) !== undefined) {
        throw new UsageError(`Error: Invalid will topic '${value}', does it contain '+' or '#'?`);
      }
      settings.willTopic = value;
    },
  ),
  text(["--will-payload"], "<text>", "will payload", "will", "the payload,", (settings, value) => {
    settings.willPayload = value;
  }),
  text(["--will-qos"], "<qos>", "will QoS", "will", "the QoS,", (settings, value) => {
    settings.willQos = qos(value, (given) => `Error: Invalid will QoS ${given}.\n`);
  }),
  flag(["--will-retain"], ALL, "will", "and whether it is retained.", (settings) => {
    settings.willRetain = true;
  }),
];
