/** Values of options that several of them have: read, or refused in the words of mosquitto's tools. */

import { topicFilterProblem } from "#protocol";
import { UsageError } from "../settings.ts";

export function filter(topic: string, what: string): string {
  if (topicFilterProblem(topic) === undefined) return topic;
  throw new UsageError(`Error: Invalid ${what} '${topic}', are all '+' and '#' wildcards correct?`);
}

export function qos(value: string, sentence: (given: number) => string): 0 | 1 | 2 {
  const given = Number.parseInt(value, 10);
  if (given === 0 || given === 1 || given === 2) return given;
  throw new UsageError(sentence(Number.isNaN(given) ? 0 : given));
}

export function atLeastOne(value: string, sentence: (given: number) => string): number {
  const given = Number.parseInt(value, 10);
  if (given >= 1 && given <= 0x7fff_ffff) return given;
  throw new UsageError(sentence(Number.isNaN(given) ? 0 : given));
}
