/** `martlet certs`: an authority of one's own, certificates for servers and clients, and a revocation list. */

import { isIP } from "node:net";
import { ConfigError, nearest, systemClock } from "#base";
import { CertificateFolder, type IssueOptions, type WrittenFiles } from "#credentials";
import { afterAuthority, afterClient, afterRevocation, afterServer } from "../certs/next-steps.ts";
import { defineCommand } from "../command.ts";
import { printable } from "../escape.ts";
import { ExitStatus } from "../exit-status.ts";
import type { Options, OptionValues } from "../options.ts";
import { namePositionals } from "../positionals.ts";
import { one } from "../single-value.ts";
import { TextOutput } from "../text-output.ts";

const DEFAULT_FOLDER = "certs";
const DEFAULT_AUTHORITY = "Martlet CA";
const AUTHORITY_DAYS = 3_650;
/** Longer ones of servers are not accepted by some systems. */
const LEAF_DAYS = 825;
const MOST_DAYS = 36_500;
const DAY_MS = 86_400_000;

const actions = ["ca", "server", "client", "revoke", "list", "crl"] as const;
type Action = (typeof actions)[number];

const options = {
  action: { kind: "texts", placeholder: "<action>", help: `The same as <action>: ${actions.join(", ")}.` },
  name: {
    kind: "texts",
    short: "n",
    placeholder: "<name>",
    help: "The same as <name>. Of a server each of its names; may be given several times.",
  },
  ip: {
    kind: "texts",
    placeholder: "<address>",
    help: "An IP address of the server; may be given several times.",
  },
  dir: { kind: "texts", short: "d", placeholder: "<folder>", help: `The folder. Default ${DEFAULT_FOLDER}.` },
  days: {
    kind: "integer",
    placeholder: "<n>",
    lowest: 1,
    highest: MOST_DAYS,
    help: `Days of validity. Default ${AUTHORITY_DAYS} for an authority, ${LEAF_DAYS} for others.`,
  },
  rsa: { kind: "switch", help: "RSA keys of 3072 bits. Default: ECDSA with P-256." },
  force: { kind: "switch", help: "Write over certificates and keys that are there." },
  json: { kind: "switch", help: "Of list: write JSON." },
} as const satisfies Options;

type Values = OptionValues<typeof options>;

export const certsCommand = defineCommand({
  name: "certs",
  description: [
    "ca makes an authority in the folder, server and client make certificates that it signs, revoke takes certificates back and writes the revocation list ca.crl, list shows all, and crl writes the revocation list anew. Keys are readable by their owner only, and nothing is written over without --force.",
    "Example: martlet certs ca",
    "Example: martlet certs server --name broker.local --ip 192.0.2.7",
    "Example: martlet certs client sensor-1",
    "Example: martlet certs revoke sensor-1",
  ],
  options,
  usage: "<action> [<name>] [options]",
  prepare: (args) => namePositionals(args, options, ["action", "name"]),
  async run(values) {
    const output = new TextOutput();
    const action = actionOf(values);
    if (values.json === true) {
      if (action !== "list") throw new ConfigError("--json", "only list has it.");
      await output.line(JSON.stringify(folderOf(values).list(), undefined, 2));
    } else {
      for (const line of await linesOf(action, values)) await output.line(printable(line));
    }
    await output.flush();
    return ExitStatus.OK;
  },
});

function actionOf(values: Values): Action {
  const text = one("<action>", values.action);
  const known = actions.find((action) => action === text);
  if (known !== undefined) return known;
  if (text === undefined)
    throw new ConfigError("<action>", `it is missing; give one of ${actions.join(", ")}.`);
  const near = nearest(text, actions);
  const hint = near === undefined ? `The actions are: ${actions.join(", ")}.` : `Did you mean ${near}?`;
  throw new ConfigError(text, `there is no such action. ${hint}`);
}

function folderOf(values: Values): CertificateFolder {
  return new CertificateFolder(one("--dir", values.dir) ?? DEFAULT_FOLDER, systemClock());
}

async function linesOf(action: Action, values: Values): Promise<string[]> {
  const folder = folderOf(values);
  const issue: IssueOptions = {
    keyKind: values.rsa === true ? "rsa" : "ecdsa",
    days: values.days ?? (action === "ca" ? AUTHORITY_DAYS : LEAF_DAYS),
    isForced: values.force === true,
  };
  if (action !== "server" && values.ip !== undefined) throw new ConfigError("--ip", "only a server has one.");
  switch (action) {
    case "ca": {
      const files = await folder.makeAuthority(one("--name", values.name) ?? DEFAULT_AUTHORITY, issue);
      const made = [
        ...writtenLines(files, "the authority"),
        `${folder.revocationListFile}  its revocation list, empty`,
      ];
      return [...made, "", ...afterAuthority(values.dir === undefined ? [] : ["--dir", ...values.dir])];
    }
    case "server": {
      const hosts = [...new Set([...(values.name ?? []), ...addressesOf(values.ip)])];
      const [first] = hosts;
      if (first === undefined) {
        throw new ConfigError(
          "--name",
          "it is missing; give the names and addresses that clients know the server by.",
        );
      }
      const files = await folder.issueServer(hosts, issue);
      return [
        ...writtenLines(files, `the server ${hosts.join(", ")}`),
        "",
        ...afterServer(folder, files, first),
      ];
    }
    case "client": {
      const name = requiredName(values, "the client's name");
      const files = await folder.issueClient(name, issue);
      return [...writtenLines(files, `the client ${name}`), "", ...afterClient(folder, files)];
    }
    case "revoke":
      return await revoke(folder, requiredName(values, "the name or serial number of a certificate"));
    case "crl":
      await folder.renewRevocationList();
      return [`${folder.revocationListFile}  written anew`];
    case "list":
      return tableOf(folder);
  }
}

function addressesOf(values: readonly string[] | undefined): readonly string[] {
  for (const address of values ?? []) {
    if (isIP(address) === 0) throw new ConfigError("--ip", `"${address}" is no IP address.`);
  }
  return values ?? [];
}

function requiredName(values: Values, what: string): string {
  const name = one("<name>", values.name);
  if (name === undefined) throw new ConfigError("<name>", `it is missing; give ${what}.`);
  return name;
}

function writtenLines({ certificate, key, notAfter }: WrittenFiles, whose: string): string[] {
  return [
    `${certificate}  the certificate of ${whose}, valid until ${day(notAfter)}`,
    `${key}  its key: keep it to yourself`,
  ];
}

async function revoke(folder: CertificateFolder, name: string): Promise<string[]> {
  const revoked = await folder.revoke(name);
  if (revoked.length === 0)
    return [`${name} had been revoked before; ${folder.revocationListFile} is written anew.`];
  const lines = revoked.map(
    ({ commonName, serialNumber }) => `revoked ${commonName}, serial number ${serialNumber}`,
  );
  return [...lines, `${folder.revocationListFile}  written anew`, "", ...afterRevocation(folder)];
}

function tableOf(folder: CertificateFolder): string[] {
  const nowMs = systemClock().epochMs();
  const certificates = folder.list();
  if (certificates.length === 0) return ["Nothing has been signed here yet."];
  const rows = certificates.map(({ commonName, purpose, notAfter, revokedAt, serialNumber, hosts }) => {
    const leftDays = Math.floor((notAfter.getTime() - nowMs) / DAY_MS);
    const state =
      revokedAt !== undefined
        ? `revoked ${day(revokedAt)}`
        : leftDays < 0
          ? `expired ${day(notAfter)}`
          : `until ${day(notAfter)}`;
    const name = purpose === "server" ? hosts.join(", ") : commonName;
    return [purpose, state, serialNumber, name] as const;
  });
  return rows.map(
    ([purpose, state, serial, name]) => `${purpose.padEnd(7)} ${state.padEnd(18)} ${serial}  ${name}`,
  );
}

/** `2026-01-31` */
function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
