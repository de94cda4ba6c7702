/**
 * mosquitto's `acl_file`, with its meaning:
 *
 *     # a comment
 *     topic [read|write|readwrite|deny] <filter>      before any `user` line: of clients without a user name
 *     user <name>                                     the topics that follow are of this user
 *     pattern [read|write|readwrite|deny] <filter>    of everybody; %c is the client identifier, %u the user name
 *
 * The topics of a client are looked at first, then the patterns; in each of the two those that deny before those that allow.
 * Nothing matches: denied. Subscribing is always granted; what may be read is judged at delivery. HOT: the decisions.
 */

import type { Denied, Identity, Permission } from "#auth";
import { ConfigError } from "#base";
import { topicFilterProblem, topicMatches } from "#protocol";
import {
  FilterIndex,
  MOST_LEVELS,
  namePlaceholders,
  noPlaceholders,
  type Placeholders,
} from "./filter-index.ts";
import type { AccessSource } from "./source.ts";

const Access = { READ: 1, WRITE: 2, READ_WRITE: 3, DENY: 0 } as const;
type Access = (typeof Access)[keyof typeof Access];

const accessWords: ReadonlyMap<string, Access> = new Map([
  ["read", Access.READ],
  ["write", Access.WRITE],
  ["readwrite", Access.READ_WRITE],
  ["deny", Access.DENY],
]);

interface Entry {
  readonly filter: string;
  readonly access: Access;
  /** Where and what, for example `acl.conf line 7: topic deny secret/#`. */
  readonly place: string;
}

/** The only one below `$SYS` that clients may publish to. */
const BRIDGE_STATE = "$SYS/broker/connection/+/state";
const SYS_DENIED: Denied = { outcome: "denied", rule: "only the broker publishes to $SYS" };

/** Entries that are looked at together: of one user, or all patterns. */
class EntryList {
  readonly #answers: Permission[] = [];
  readonly #reads: FilterIndex;
  readonly #writes: FilterIndex;

  constructor(entries: readonly Entry[], placeholders: Placeholders) {
    this.#reads = new FilterIndex({ placeholders });
    this.#writes = new FilterIndex({ placeholders });
    for (const entry of entries) if (entry.access === Access.DENY) this.#add(entry);
    for (const entry of entries) if (entry.access !== Access.DENY) this.#add(entry);
  }

  #add({ filter, access, place }: Entry): void {
    const isDeny = access === Access.DENY;
    const order = this.#answers.push(isDeny ? { outcome: "denied", rule: place } : true) - 1;
    if (isDeny || (access & Access.READ) !== 0) this.#reads.add(filter, order);
    if (isDeny || (access & Access.WRITE) !== 0) this.#writes.add(filter, order);
  }

  /** Undefined when no entry matches. */
  answer(client: Identity, topicName: string, access: Access): Permission | undefined {
    const index = access === Access.READ ? this.#reads : this.#writes;
    return this.#answers[index.first(client, topicName)];
  }
}

/** The rules of one file. Reload it by parsing anew. */
export class AclFile implements AccessSource {
  readonly name: string;
  readonly #anonymous: EntryList | undefined;
  readonly #users = new Map<string, EntryList>();
  readonly #patterns: EntryList | undefined;
  readonly #nothingAllows: Denied;
  readonly #strangeUserName: Denied;
  readonly #strangeClientId: Denied;

  /**
   * @param source for errors and denials, the name of the file
   * @throws ConfigError for a line that is none of the above, for a filter that is none, and for %c or %u beside other text
   */
  static parse(text: string, source: string): AclFile {
    return new AclFile(source, parseEntries(text, source));
  }

  private constructor(source: string, entries: Entries) {
    this.name = source;
    this.#anonymous = listOf(entries.anonymous, noPlaceholders);
    for (const [userName, list] of entries.users) {
      this.#users.set(userName, new EntryList(list, noPlaceholders));
    }
    this.#patterns = listOf(entries.patterns, namePlaceholders);
    this.#nothingAllows = { outcome: "denied", rule: `no rule of ${source} allows it` };
    const strange = (what: string): Denied => ({
      outcome: "denied",
      rule: `the patterns of ${source} are not for a ${what} with + or #`,
    });
    this.#strangeUserName = strange("user name");
    this.#strangeClientId = strange("client identifier");
  }

  mayPublish(client: Identity, topicName: string): Permission {
    if (topicName.startsWith("$SYS") && !topicMatches(BRIDGE_STATE, topicName)) return SYS_DENIED;
    return this.#judge(client, topicName, Access.WRITE);
  }

  mayReceive(client: Identity, topicName: string): Permission {
    return this.#judge(client, topicName, Access.READ);
  }

  maySubscribe(): Permission {
    return true;
  }

  mayUnsubscribe(): Permission {
    return true;
  }

  #judge(client: Identity, topicName: string, access: Access): Permission {
    const { userName } = client;
    const own = userName === undefined ? this.#anonymous : this.#users.get(userName);
    const answer = own?.answer(client, topicName, access);
    if (answer !== undefined) return answer;
    if (this.#patterns === undefined) return this.#nothingAllows;
    if (userName !== undefined && hasWildcard(userName)) return this.#strangeUserName;
    if (hasWildcard(client.clientId)) return this.#strangeClientId;
    return this.#patterns.answer(client, topicName, access) ?? this.#nothingAllows;
  }
}

function hasWildcard(name: string): boolean {
  return name.includes("+") || name.includes("#");
}

function listOf(entries: readonly Entry[], placeholders: Placeholders): EntryList | undefined {
  return entries.length === 0 ? undefined : new EntryList(entries, placeholders);
}

interface Entries {
  readonly anonymous: Entry[];
  readonly users: Map<string, Entry[]>;
  readonly patterns: Entry[];
}

function parseEntries(text: string, source: string): Entries {
  const entries: Entries = { anonymous: [], users: new Map(), patterns: [] };
  let topics = entries.anonymous;
  for (const [index, line] of text.split("\n").entries()) {
    if (line.startsWith("#")) continue;
    const { word, rest } = firstWord(line.trimEnd());
    if (word === "") continue;
    const problem = (what: string): ConfigError => new ConfigError(`${source}:${index + 1}`, what);
    switch (word) {
      case "user":
        if (rest === "") throw problem("the user name is missing; write user <name>.");
        topics = entries.users.get(rest) ?? [];
        entries.users.set(rest, topics);
        break;
      case "topic":
      case "pattern": {
        const { access, filter } = parseRule(word, rest, problem);
        const place = `${source} line ${index + 1}: ${word} ${rest}`;
        (word === "topic" ? topics : entries.patterns).push({ filter, access, place });
        break;
      }
      default:
        throw problem(
          `the line begins with "${shortened(word)}"; write user, topic, pattern or a # for a comment.`,
        );
    }
  }
  return entries;
}

type Problem = (what: string) => ConfigError;

function parseRule(kind: string, rest: string, problem: Problem): { access: Access; filter: string } {
  if (rest === "") throw problem(`the topic is missing; write ${kind} [read|write|readwrite|deny] <topic>.`);
  const { word, rest: filterOfWord } = firstWord(rest);
  // One word alone is the filter, whatever it is; before a filter it has to be an access word.
  const access = filterOfWord === "" ? Access.READ_WRITE : accessWords.get(word);
  if (access === undefined) {
    throw problem(
      `the access is "${shortened(word)}"; write read, write, readwrite or deny. A topic with a space needs one of them.`,
    );
  }
  const filter = filterOfWord === "" ? word : filterOfWord;
  checkFilter(kind, filter, problem);
  return { access, filter };
}

function checkFilter(kind: string, filter: string, problem: Problem): void {
  const wrong = topicFilterProblem(filter);
  if (wrong !== undefined) throw problem(`the topic is "${shortened(filter)}"; ${wrong}.`);
  const levels = filter.split("/");
  if (levels.length > MOST_LEVELS) {
    throw problem(`the topic has ${levels.length} levels; it has at most ${MOST_LEVELS}.`);
  }
  if (kind !== "pattern") return;
  for (const level of levels) {
    if (!namePlaceholders.is(level) && (level.includes("%c") || level.includes("%u"))) {
      throw problem(`the topic has the level "${shortened(level)}"; %c and %u fill a whole level.`);
    }
  }
}

/** The text up to the first space, and what follows the spaces. Spaces at the beginning do not count. */
function firstWord(text: string): { word: string; rest: string } {
  const trimmed = text.replace(/^ +/, "");
  const space = trimmed.indexOf(" ");
  if (space < 0) return { word: trimmed, rest: "" };
  return { word: trimmed.slice(0, space), rest: trimmed.slice(space).trim() };
}

/** Enough of `text` to find it. */
function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
