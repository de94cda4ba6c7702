/** Who may publish, subscribe and receive what: `[access]`. */

import { choice, file, list, pairs, table, tables, text, toggle, whole } from "../declare.ts";
import { serviceKeys } from "./logins.ts";
import { DAY_MS, networkForm } from "./shared.ts";

const names = text({});

const rule = table(
  {},
  {
    name: text({ says: "For logs; without one the rule is known by its place." }),
    effect: choice({
      choices: ["allow", "deny"],
      required: true,
      says: "What follows when the rule fits. The first one that fits decides.",
    }),
    actions: list({
      item: choice({ choices: ["publish", "subscribe", "receive", "unsubscribe"] }),
      fewest: 1,
      default: ["publish", "subscribe"],
      says: "What it is about.",
    }),
    topics: list({
      item: names,
      fewest: 1,
      required: true,
      says: "Topic filters. `%u` stands for the user name, `%c` for the client id, `%{claim.site}` for a claim of the login.",
    }),
    user_names: list({
      item: names,
      fewest: 1,
      says: "Only for these; `*` stands for any letters. Default: all.",
    }),
    client_ids: list({
      item: names,
      fewest: 1,
      says: "Only for these; `*` stands for any letters. Default: all.",
    }),
    anonymous: toggle({ says: "Only for clients without a user name, or only with one. Default: both." }),
    certificate: pairs({
      says: "Only for clients with a certificate that says so: `subject.CN`, `issuer.O`, `subjectAltName`, `serialNumber`, `fingerprint256`.",
    }),
    claims: pairs({ says: "Only for clients whose login has these claims; dots go into objects." }),
    addresses: list({
      item: text({ form: networkForm }),
      fewest: 1,
      says: "Only from these addresses and networks. Default: all.",
    }),
    listeners: list({ item: names, fewest: 1, says: "Only over listeners of these names. Default: all." }),
    qos: list({
      item: whole({ lowest: 0, highest: 2 }),
      fewest: 1,
      says: "Only publishing with, or asking for, these QoS. Default: all.",
    }),
    retain: toggle({ says: "Only publishing with RETAIN, or only without. Default: both." }),
  },
);

const http = table(
  {
    optional: true,
    says: "A service of yours is asked over HTTP. While it does not answer as it should, all is denied.",
  },
  {
    ...serviceKeys,
    valid_for_ms: whole({
      lowest: 0,
      highest: DAY_MS,
      unit: "ms",
      default: 60_000,
      says: "For how long a client's answers count.",
    }),
    trouble_for_ms: whole({
      lowest: 0,
      highest: DAY_MS,
      unit: "ms",
      default: 5_000,
      says: "For how long denials count that are for trouble.",
    }),
  },
);

export const access = table(
  {
    says: "Who may publish, subscribe and receive what. Without any of these everybody who got in may do everything.",
    reload: "now",
  },
  {
    acl_file: file({ says: "Rules as in mosquitto's acl_file." }),
    roles_file: file({ says: "Roles and groups as in mosquitto's dynamic security file." }),
    otherwise: choice({
      choices: ["deny", "allow"],
      default: "deny",
      says: "What follows when there are `rules` and none fits.",
    }),
    rules: tables({ default: [], says: "Rules that stand here. They come before those of files." }, rule),
    http,
  },
);
