/**
 * Decisions about permissions as the gate makes them, once for each client and topic: a file of 1,000 rules, as many rules of our
 * own, and roles, for 10,000 users. And `-naive`: the file's rules one after the other.
 */

import { AclFile, accessRules, combineAccess, DynamicSecurity } from "../../src/access/index.ts";
import type { Gate, Identity } from "../../src/auth/index.ts";
import { seededRandom, systemClock } from "../../src/base/index.ts";
import { topicMatches } from "../../src/protocol/index.ts";
import { type Benchmark, type Loop, sink } from "./benchmark.ts";

const RULES = 1_000;
const USERS = 10_000;

const clients: readonly Identity[] = Array.from({ length: USERS }, (_, i) => ({
  clientId: `device-${i}`,
  userName: `user-${i}`,
  address: { transport: "tcp", remoteAddress: "192.0.2.7", remotePort: 1, localPort: 1883 },
  listener: "",
  certificate: undefined,
  claims: undefined,
}));
/** What client `i` publishes to. */
const topics = clients.map(({ clientId }, i) => `plant/${i % RULES}/device/${clientId}/state`);
const filterOf = (rule: number): string => `plant/${rule}/device/%c/#`;

/** 1,000 patterns, and lines of their own for the 10,000 users. */
function aclFile(): AclFile {
  const lines: string[] = [];
  for (let i = 0; i < RULES; i++) lines.push(`pattern readwrite ${filterOf(i)}`);
  for (const { userName } of clients)
    lines.push(`user ${userName}`, `topic read news/${userName}/#`, "topic deny secret/#");
  return AclFile.parse(lines.join("\n"), "rules");
}

function roles(): DynamicSecurity {
  const acls = Array.from({ length: RULES }, (_, i) => ({
    acltype: "publishClientSend",
    topic: filterOf(i),
    allow: true,
  }));
  const file = {
    roles: [{ rolename: "device", acls }],
    groups: [
      {
        groupname: "devices",
        roles: [{ rolename: "device" }],
        clients: clients.map(({ userName }) => ({ username: userName })),
      },
    ],
    clients: clients.map(({ userName }) => ({ username: userName })),
  };
  return new DynamicSecurity(JSON.stringify(file), {
    source: "roles",
    hashing: { sha512: (bytes) => bytes, pbkdf2Sha512: (password) => password },
    random: seededRandom(1),
    clock: systemClock(),
    save: async () => undefined,
  });
}

function deciding(gate: Pick<Gate, "mayPublish">): Loop {
  return {
    operations: USERS,
    run() {
      for (let i = 0; i < USERS; i++) {
        sink.value = gate.mayPublish?.(clients[i] as Identity, topics[i] as string, 0, false);
      }
      if (sink.value !== true) throw new Error("what is allowed was denied");
    },
  };
}

function naively(): Loop {
  const filters = Array.from({ length: RULES }, (_, i) => filterOf(i));
  const operations = 100;
  return {
    operations,
    run() {
      // Spread over all rules.
      for (let i = 0; i < RULES; i += RULES / operations) {
        const { clientId } = clients[i] as Identity;
        const topic = topics[i] as string;
        sink.value = filters.some((filter) => topicMatches(filter.replace("%c", clientId), topic));
      }
    },
  };
}

export const accessBenchmarks: readonly Benchmark[] = [
  {
    name: "access/acl-file",
    what: "one decision by a file of 1,000 patterns and 10,000 users",
    prepare: () => deciding(combineAccess([aclFile()])),
  },
  {
    name: "access/acl-file-naive",
    what: "the same patterns, one after the other",
    prepare: naively,
  },
  {
    name: "access/rules",
    what: "one decision by 1,000 rules of our own",
    prepare: () =>
      deciding(
        combineAccess([
          accessRules(Array.from({ length: RULES }, (_, i) => ({ effect: "allow", topics: [filterOf(i)] }))),
        ]),
      ),
  },
  {
    name: "access/roles",
    what: "one decision by a role with 1,000 ACLs of a group of 10,000 users",
    prepare: () => deciding(combineAccess([roles()])),
  },
];
