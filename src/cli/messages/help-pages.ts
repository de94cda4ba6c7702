/** What the message tools say of themselves. */

import type { HelpPage } from "./help-page.ts";
import type { Tool } from "./settings.ts";

export const helpPages: Readonly<Record<Tool, HelpPage>> = {
  pub: {
    usage: [
      "-t <topic> {-m <text> | -f <file> | -n | -s | -l} [options]",
      "-L <url> {-m <text> | ...} [options]",
    ],
    description: [
      "Publishes one message, or one for each line of standard input, and ends. Takes the options of mosquitto_pub.",
    ],
    examples: [
      "martlet pub -t home/lamp -m on",
      "martlet pub -h broker.example.org -u me -t home/lamp -m on -q 1 -r",
      "tail -f log | martlet pub -t log -l",
    ],
  },
  sub: {
    usage: ["-t <filter> [options]", "-L <url> [options]"],
    description: [
      "Subscribes and writes each message to standard output until Ctrl-C. Takes the options of mosquitto_sub.",
    ],
    examples: [
      "martlet sub -t 'home/#' -v",
      "martlet sub -t '#' --watch",
      "martlet sub -t meter -C 1 -W 5 -F '%I %t %p'",
      "martlet sub -t 'spBv1.0/#' -v --format sparkplug",
    ],
  },
  rr: {
    usage: ["-t <topic> -e <topic> {-m <text> | -f <file> | ...} [options]"],
    description: [
      "Publishes a request, waits for the first response, writes it to standard output and ends. Takes the options of mosquitto_rr.",
    ],
    examples: ["martlet rr -t heater/temperature -e me/answer -m '' -W 2"],
  },
};
