/** What the lean codec says in single numbers and in a short judgement is what the tables and the words say. */

import { expect, it, test } from "vitest";
import { PacketType } from "../packet.ts";
import { ReasonCode } from "../reason-code.ts";
import { topicFilterProblem } from "../topic-filter.ts";
import { topicNameProblem } from "../topic-name.ts";
import { ProtocolVersion } from "../version.ts";
import * as packetTypes from "./packet-types.ts";
import * as reasons from "./reasons.ts";
import { checkTopicFilter, isTopicName } from "./topics.ts";
import * as versions from "./versions.ts";

test("single numbers are those of the tables", () => {
  expect({ ...packetTypes }).toEqual(PacketType);
  expect({ ...versions }).toEqual(ProtocolVersion);
  expect(ReasonCode).toMatchObject({ ...reasons });
});

/** All texts of up to four of these pieces. */
function* texts(): Generator<string> {
  const pieces = ["/", "+", "#", "a", "\0", "\n", "$share", "$share/", "$share/g/"];
  let shorter = [""];
  yield "";
  for (let length = 1; length <= 4; length++) {
    shorter = shorter.flatMap((text) => pieces.map((piece) => text + piece));
    yield* shorter;
  }
}

it("judges topic names and filters like those that give reasons", () => {
  const wrong: string[] = [];
  for (const text of texts()) {
    if (isTopicName(text) !== (topicNameProblem(text) === undefined)) wrong.push(`name ${text}`);
    if (isFilter(text) !== (topicFilterProblem(text) === undefined)) wrong.push(`filter ${text}`);
  }
  expect(wrong).toEqual([]);
});

function isFilter(text: string): boolean {
  try {
    checkTopicFilter(text);
    return true;
  } catch {
    return false;
  }
}
