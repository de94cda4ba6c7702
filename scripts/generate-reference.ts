// `node --conditions martlet-dev scripts/generate-reference.ts`: writes the pages of docs/reference/ that the source already
// says: configuration.md with martlet.schema.json, settings.md, outcomes.md, errors.md, mosquitto-options.md and
// command-line.md. Nobody edits those by hand.
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
import { mosquittoOptions, type Verdict } from "#mosquitto";
import { programHelp } from "../src/cli/run.ts";
import {
  configurationJsonSchema,
  keysOfSettings,
  type Meanings,
  type TableReference,
  tableReferences,
} from "../src/config/reference.ts";
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

/** What the settings of broker and journal mean, by the comments that stand at them. */
function meanings(): Meanings {
  const source = (...path: string[]): string => readFileSync(join(root, "src", ...path), "utf8");
  return new Map([
    ...memberComments(source("store", "journal-settings.ts"), "JournalSettings"),
    ...memberComments(source("broker", "settings.ts"), "BrokerSettings"),
  ]);
}

const reloads = {
  now: "at once",
  "new-connections": "new connections",
  restart: "restart",
} as const;

function tableSection({ heading, meaning, isOptional, keys, variable }: TableReference): string[] {
  const rows = keys.map(({ name, default: standard, meaning: says, allowed: words, reload }) => [
    code(name),
    standard === "required" || standard === "not set" ? standard : code(standard),
    says,
    words,
    reloads[reload],
  ]);
  const without = isOptional ? " Has an effect only where it is there." : "";
  return [
    `## ${code(heading)}`,
    `${meaning}${without}`,
    ...(rows.length === 0 ? [] : [table(["key", "default", "meaning", "allowed", "change"], rows)]),
    ...(variable === undefined ? [] : [`As a variable: ${code(variable)}`]),
  ];
}

function configurationPage(): string {
  return page(
    "Configuration",
    "Every key of a configuration file, in TOML's words; YAML and JSON have the same tables and keys. [How to configure a broker](../how-to/configure.md) says how files, environment variables and options go together. The schema for editors is [martlet.schema.json](martlet.schema.json).",
    "**change** says what becomes of a change while the broker runs: it counts *at once*, for *new connections* only, or from the next *restart* on.",
    ...tableReferences(meanings()).flatMap(tableSection),
  );
}

function schemaFile(): string {
  const title = "Configuration of a Martlet broker";
  return `${JSON.stringify({ title, ...configurationJsonSchema(meanings()) }, undefined, 2)}\n`;
}

function settingsPage(): string {
  const comments = meanings();
  const keys = keysOfSettings();
  const rows = (Object.keys(defaultSettings) as (keyof BrokerSettings)[]).map((name) => {
    const meaning = comments.get(name);
    if (meaning === undefined) throw new TypeError(`the setting ${name} has no doc comment`);
    const value = defaultSettings[name];
    return [
      code(name),
      value === undefined ? "not set" : code(JSON.stringify(value)),
      meaning,
      allowed(name),
      code(keys.get(name) ?? ""),
    ];
  });
  return page(
    "Settings",
    "What `createBroker({ settings })` takes: every limit and feature of a broker. Each has a default; a value that is not allowed throws a `ConfigError` that names the setting. MQTT versions are given by their protocol level: 3 for MQTT 3.1, 4 for 3.1.1 and 5 for 5.0.",
    table(["setting", "default", "meaning", "allowed", "in a configuration"], rows),
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

const verdicts: Readonly<Record<Verdict, string>> = {
  same: "same",
  different: "different",
  unsupported: "no effect",
  refused: "refused",
};

const optionHeadings = {
  general: "For the whole broker",
  plugin: "Plugins",
  listener: "Listeners",
  bridge: "Bridges",
} as const;

function mosquittoOptionsPage(): string {
  const sections = Object.entries(optionHeadings).flatMap(([scope, heading]) => {
    const rows = mosquittoOptions
      .filter((option) => option.scope === scope)
      .map(({ name, aliases = [], verdict, says, keys }) => [
        [name, ...aliases].map(code).join(", "),
        verdicts[verdict],
        says,
        keys.map(code).join(", "),
      ]);
    return [`## ${heading}`, table(["option", "here", "meaning", "key"], rows)];
  });
  return page(
    "Options of mosquitto",
    "`martlet -c mosquitto.conf` reads mosquitto's own configuration file; a file that ends with `.toml`, `.yaml`, `.yml` or `.json` is [Martlet's](configuration.md), every other one mosquitto's. Variables and `--set` win over it, `--print-config` shows what it becomes, and SIGHUP reads it again.",
    "**here** says what becomes of an option. *same*: as in mosquitto. *different*: it has another effect, which the log says at start where it is used. *no effect*: the log warns of it. *refused*: the broker does not start, because it would be less safe than the file says. An option that is not in this list is a mistake, in mosquitto's words and with file and line. Paths are sought from the working folder, as mosquitto does.",
    "What is not set is as in mosquitto: without a listener only this machine can connect, and anybody on it; with one, clients without a user name are refused; 20 messages in flight to a client and 1000 that wait, further ones are dropped; nothing is kept on the disk without `persistence true`; the log goes to standard error. These stay Martlet's own: packets have at most 2,000,000 bytes as in mosquitto 2.1, `user` is nobody else until it is set, and failed logins lead to delays and bans (`limits.maximum_failed_logins`).",
    ...sections,
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
  "configuration.md": configurationPage(),
  "martlet.schema.json": schemaFile(),
  "settings.md": settingsPage(),
  "outcomes.md": outcomesPage(),
  "errors.md": errorsPage(),
  "mosquitto-options.md": mosquittoOptionsPage(),
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
