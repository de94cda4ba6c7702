// `node --conditions martlet-dev scripts/generate-reference.ts`: writes the pages of docs/reference/ that the source already
// says: settings.md, outcomes.md, errors.md and command-line.md. Nobody edits those by hand.
//
// Options: --check writes nothing, names the pages that are out of date, and fails if there are any.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorCatalogue, MartletError } from "#base";
import {
  type BrokerSettings,
  completeSettings,
  defaultSettings,
  disconnectKinds,
  undeliveredKinds,
} from "#broker";
import { programHelp } from "../src/cli/run.ts";
import { root } from "./checkout.ts";

const generated = "<!-- Written by scripts/generate-reference.ts. Change the source, not this page. -->";

function page(title: string, ...paragraphs: readonly string[]): string {
  return `${[`# ${title}`, generated, ...paragraphs].join("\n\n")}\n`;
}

/** A Markdown table. Cells hold no line breaks. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function code(text: string): string {
  return `\`${text}\``;
}

/** The doc comment of each member of the interface `name`, on one line each. */
function memberComments(source: string, name: string): Map<string, string> {
  const body = new RegExp(`export interface ${name} \\{\\n(.*?)\\n\\}`, "s").exec(source)?.[1] ?? "";
  const comments = new Map<string, string>();
  for (const [, comment = "", member = ""] of body.matchAll(/\/\*\*(.*?)\*\/\s*readonly (\w+)\??:/gs)) {
    comments.set(member, comment.replaceAll(/\s*\n\s*\*?\s*/g, " ").trim());
  }
  return comments;
}

/** What a setting may be, in the words of the error that refuses everything else. */
function allowed(name: keyof BrokerSettings): string {
  try {
    completeSettings({ [name]: Symbol(name) });
  } catch (error) {
    if (!(error instanceof MartletError)) throw error;
    const [, words = ""] = /\bit is (.*)\.$/s.exec(error.message) ?? [];
    return words.replace(`to ${Number.MAX_SAFE_INTEGER}`, "on");
  }
  return "";
}

function settingsPage(): string {
  const source = readFileSync(join(root, "src", "broker", "settings.ts"), "utf8");
  const comments = memberComments(source, "BrokerSettings");
  const rows = (Object.keys(defaultSettings) as (keyof BrokerSettings)[]).map((name) => {
    const meaning = comments.get(name);
    if (meaning === undefined) throw new TypeError(`the setting ${name} has no doc comment`);
    const value = defaultSettings[name];
    return [
      code(name),
      value === undefined ? "not set" : code(JSON.stringify(value)),
      meaning,
      allowed(name),
    ];
  });
  return page(
    "Settings",
    "What `createBroker({ settings })` takes: every limit and feature of a broker. Each has a default; a value that is not allowed throws a `ConfigError` that names the setting. MQTT versions are given by their protocol level: 3 for MQTT 3.1, 4 for 3.1.1 and 5 for 5.0.",
    table(["setting", "default", "meaning", "allowed"], rows),
  );
}

function outcomesPage(): string {
  const rows = (kinds: Readonly<Record<string, string>>): string[][] =>
    Object.entries(kinds).map(([kind, meaning]) => [code(kind), meaning]);
  return page(
    "Outcomes",
    "Names that a program may match on.",
    "## Why a message did not reach somebody",
    "Each delivery that does not happen has exactly one of these kinds. `broker.undelivered` counts them, and the event `messageUndelivered` tells of each.",
    table(["kind", "meaning"], rows(undeliveredKinds)),
    "## Why a connection ended",
    "The `kind` of the reason that the events `clientDisconnected` and `connectionRefused` carry.",
    table(["kind", "meaning"], rows(disconnectKinds)),
  );
}

function errorsPage(): string {
  const rows = Object.entries(errorCatalogue).map(([name, meaning]) => [code(name), meaning]);
  return page(
    "Errors",
    "Everything that Martlet throws is a `MartletError` with a `code`. Match on the code or the class; the text of a message may change in any release.",
    table(["code", "meaning"], rows),
    "What a peer does wrong never reaches your program as an error: it ends that one connection, and the events `clientDisconnected` and `connectionRefused` say why ([outcomes](outcomes.md)).",
  );
}

async function commandLinePage(): Promise<string> {
  return page(
    "Command line",
    `\`\`\`text\n${await programHelp()}\n\`\`\``,
    "Standard output carries the log, one line an event, each with the time in Unix seconds: `1767225600: New client connected from 127.0.0.1:50000 as sensor-1 (p5, c1, k60).` `p` is the version (1 for MQTT 3.1, 2 for 3.1.1, 5 for 5.0), `c` clean start, `k` keep alive and `u` the user name. With `--verbose` each packet has a line, and each message that somebody did not get, with its [outcome](outcomes.md). Control characters in what clients send are shown escaped (`\\n`, `\\x1b`). A reader of the log that is too slow loses lines, which are counted; the broker does not wait for it. Why the program could not start, or broke off, is said on standard error.",
    "SIGTERM and SIGINT (Ctrl-C) end the broker in order: it lets nobody in any more, tells clients of MQTT 5.0 that the server shuts down (reason code 0x8B), sends what is on its way and ends within five seconds. A second signal, half a second after the first or later, ends it at once.",
  );
}

const pages: Readonly<Record<string, string>> = {
  "settings.md": settingsPage(),
  "outcomes.md": outcomesPage(),
  "errors.md": errorsPage(),
  "command-line.md": await commandLinePage(),
};

const check = process.argv.includes("--check");
for (const [name, text] of Object.entries(pages)) {
  const file = join(root, "docs", "reference", name);
  if (existsSync(file) && readFileSync(file, "utf8") === text) continue;
  if (check) {
    console.log(`docs/reference/${name} is out of date: run scripts/generate-reference.ts`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, text);
    console.log(`wrote docs/reference/${name}`);
  }
}
