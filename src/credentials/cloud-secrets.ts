/**
 * The file with the secrets of devices that log in as at a cloud, in TOML: a table for each secret, with the cloud's own words
 * as keys.
 *
 *     [[device]]                      [[product]]                     [[policy]]
 *     cloud = "aliyun"                cloud = "onenet"                cloud = "azure"
 *     product_key = "a1B2c3"          product_id = "123123"           hub = "myhub"
 *     device_name = "sensor-1"        secret = "KuF3NT/jUBJ6..."      policy = "device"
 *     secret = "0123456789abcdef"                                     secret = "bWFydGxl..."
 *
 * What is wrong is said with file, line and key, and never with what stands in `secret`.
 */

import { createRequire } from "node:module";
import type * as Toml from "smol-toml";
import { ConfigError } from "#base";
import type { AwsAuthorizer, CloudName, SecretLookup, SecretOwner } from "#clouds";

const require = createRequire(import.meta.url);

type TableName = "device" | "product" | "policy" | "authorizer";

/** The keys of a table that say whose the secret is, and the key of the secret itself. */
interface Shape {
  readonly keys: readonly string[];
  readonly optional?: readonly string[];
  readonly secret: string;
  readonly isBase64?: boolean;
  readonly owner: (named: Readonly<Record<string, string>>) => Omit<SecretOwner, "cloud">;
}

const shapes: Readonly<Record<"device" | "product" | "policy", Partial<Record<CloudName, Shape>>>> = {
  device: {
    aliyun: {
      keys: ["product_key", "device_name"],
      secret: "secret",
      owner: ({ product_key = "", device_name = "" }) => ({ group: product_key, device: device_name }),
    },
    onenet: {
      keys: ["product_id", "device_name"],
      secret: "secret",
      isBase64: true,
      owner: ({ product_id = "", device_name = "" }) => ({ group: product_id, device: device_name }),
    },
    "onenet-old": {
      keys: ["product_id", "device_id"],
      secret: "secret",
      owner: ({ product_id = "", device_id = "" }) => ({ group: product_id, device: device_id }),
    },
    huawei: {
      keys: ["device_id"],
      secret: "secret",
      owner: ({ device_id = "" }) => ({ group: "", device: device_id }),
    },
    baidu: {
      keys: ["core_id", "device_key"],
      secret: "secret",
      owner: ({ core_id = "", device_key = "" }) => ({ group: core_id, device: device_key }),
    },
    tencent: {
      keys: ["product_id", "device_name"],
      secret: "secret",
      isBase64: true,
      owner: ({ product_id = "", device_name = "" }) => ({ group: "", device: product_id + device_name }),
    },
    azure: {
      keys: ["hub", "device_id"],
      optional: ["module_id"],
      secret: "secret",
      isBase64: true,
      owner: ({ hub = "", device_id = "", module_id }) => ({
        group: hub.toLowerCase(),
        device: module_id === undefined ? device_id : `${device_id}/${module_id}`,
      }),
    },
    "aws-sigv4": {
      keys: ["access_key_id"],
      secret: "secret",
      owner: ({ access_key_id = "" }) => ({ group: "", device: access_key_id }),
    },
    google: {
      keys: ["project", "location", "registry", "device_id"],
      secret: "public_key",
      owner: ({ project, location, registry, device_id = "" }) => ({
        group: `projects/${project}/locations/${location}/registries/${registry}`,
        device: device_id,
      }),
    },
  },
  product: {
    aliyun: {
      keys: ["product_key"],
      secret: "secret",
      owner: ({ product_key = "" }) => ({ group: product_key }),
    },
    onenet: {
      keys: ["product_id"],
      secret: "secret",
      isBase64: true,
      owner: ({ product_id = "" }) => ({ group: product_id }),
    },
    "onenet-old": {
      keys: ["product_id"],
      secret: "secret",
      owner: ({ product_id = "" }) => ({ group: product_id }),
    },
  },
  policy: {
    azure: {
      keys: ["hub", "policy"],
      secret: "secret",
      isBase64: true,
      owner: ({ hub = "", policy = "" }) => ({ group: hub.toLowerCase(), policy }),
    },
  },
};

/** What such a file says. */
export interface CloudSecrets {
  readonly secretOf: SecretLookup;
  readonly authorizerOf: (name: string) => AwsAuthorizer | undefined;
  /** The clouds that there are secrets of; `aws-authorizer` for authorisers. */
  readonly clouds: ReadonlySet<CloudName>;
}

/**
 * @param file its name, for errors
 * @throws ConfigError whose `path` is `file:line`, with the key at fault in the message
 */
export function parseCloudSecrets(text: string, file: string): CloudSecrets {
  const document = tablesIn(text, file);
  const secrets = new Map<string, string>();
  const authorizers = new Map<string, AwsAuthorizer>();
  const clouds = new Set<CloudName>();
  for (const [name, tables] of Object.entries(document)) {
    if (!isTableName(name) || !Array.isArray(tables)) {
      throw new ConfigError(
        placeIn(text, file, { table: name, index: 0 }),
        `${name}: it is not known here; write [[device]], [[product]], [[policy]] or [[authorizer]].`,
      );
    }
    for (const [index, value] of tables.entries()) {
      const table = new Table(value as Record<string, unknown>, { text, file, table: name, index });
      if (name === "authorizer") clouds.add(addAuthorizer(table, authorizers));
      else clouds.add(addSecret(table, shapes[name], secrets));
    }
  }
  return {
    secretOf: (owner) => secrets.get(idOf(owner)),
    authorizerOf: (name) => authorizers.get(name),
    clouds,
  };
}

function tablesIn(text: string, file: string): Readonly<Record<string, unknown>> {
  // Loaded by whoever reads such a file: other commands of this room start without it.
  const { parse, TomlError } = require("smol-toml") as typeof Toml;
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // What follows in its message shows the lines around, and with them secrets.
    const [first = ""] = error.message.split("\n");
    const problem = first.replace(/^Invalid TOML document: /, "");
    throw new ConfigError(`${file}:${error.line}`, `it is no TOML: ${problem}.`);
  }
}

function isTableName(name: string): name is TableName {
  return name === "authorizer" || Object.hasOwn(shapes, name);
}

/** Texts that no two owners share. */
function idOf({ cloud, group, device, policy }: SecretOwner): string {
  return JSON.stringify([cloud, group, device ?? null, policy ?? null]);
}

function addSecret(
  table: Table,
  known: Partial<Record<CloudName, Shape>>,
  secrets: Map<string, string>,
): CloudName {
  const cloud = table.word("cloud");
  const shape = Object.hasOwn(known, cloud) ? known[cloud as CloudName] : undefined;
  if (shape === undefined) {
    throw table.problem("cloud", `"${cloud}" is not allowed; give ${Object.keys(known).join(", ")}`);
  }
  const { keys, optional = [], secret: secretKey } = shape;
  table.allow(["cloud", ...keys, ...optional, secretKey]);
  const given = [...keys, ...optional.filter((key) => table.has(key))];
  const named = Object.fromEntries(given.map((key) => [key, table.word(key)]));
  const secret = table.word(secretKey);
  if (shape.isBase64 === true && !/^[A-Za-z0-9+/]+={0,2}$/.test(secret)) {
    throw table.problem(secretKey, "it is no Base64");
  }
  const id = idOf({ cloud: cloud as CloudName, ...shape.owner(named) });
  if (secrets.has(id)) throw table.problem(keys.at(-1) ?? "cloud", "its secret stands further up already");
  secrets.set(id, secret);
  return cloud as CloudName;
}

function addAuthorizer(table: Table, authorizers: Map<string, AwsAuthorizer>): CloudName {
  table.allow(["name", "token_key", "public_keys"]);
  const name = table.word("name");
  const publicKeys = table.words("public_keys");
  if (authorizers.has(name)) throw table.problem("name", "it stands further up already");
  authorizers.set(name, { tokenKey: table.word("token_key"), publicKeys });
  return "aws-authorizer";
}

interface Place {
  readonly table: string;
  /** Among those of this name. */
  readonly index: number;
  readonly key?: string;
}

/** One `[[table]]`, which knows where it stands. */
class Table {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #place: Place & { readonly text: string; readonly file: string };

  constructor(values: Readonly<Record<string, unknown>>, place: Place & { text: string; file: string }) {
    this.#values = values;
    this.#place = place;
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#values, key);
  }

  /** A text that is not empty. */
  word(key: string): string {
    const value = this.has(key) ? this.#values[key] : undefined;
    if (value === undefined) throw this.problem(key, "it is missing");
    if (typeof value !== "string") throw this.problem(key, "it is no text; put it in quotes");
    if (value === "") throw this.problem(key, "it is empty");
    return value;
  }

  /** A list of such texts, with one at least. */
  words(key: string): string[] {
    const value = this.has(key) ? this.#values[key] : undefined;
    const isList = Array.isArray(value) && value.length > 0;
    if (!isList || !value.every((each) => typeof each === "string" && each !== "")) {
      throw this.problem(key, "it has to be a list of texts");
    }
    return value as string[];
  }

  allow(keys: readonly string[]): void {
    const unknown = Object.keys(this.#values).find((key) => !keys.includes(key));
    if (unknown !== undefined) {
      throw this.problem(unknown, `there is no such key here; there are ${keys.join(", ")}`);
    }
  }

  problem(key: string, what: string): ConfigError {
    const { text, file, table, index } = this.#place;
    return new ConfigError(placeIn(text, file, { table, index, key }), `${key}: ${what}.`);
  }
}

/** `file:line` of a key, or of its table where the key is missing. */
function placeIn(text: string, file: string, { table, index, key }: Place): string {
  let count = -1;
  let tableLine = 1;
  for (const [at, line] of text.split("\n").entries()) {
    const header = /^\s*\[\[?\s*["']?([^\]"']*?)["']?\s*\]/.exec(line)?.[1];
    if (header !== undefined) {
      if (count === index) break;
      if (header === table) count++;
      if (count === index) tableLine = at + 1;
    } else if (count === index && key !== undefined && isKeyOf(line, key)) return `${file}:${at + 1}`;
  }
  return `${file}:${tableLine}`;
}

function isKeyOf(line: string, key: string): boolean {
  const [, name] = /^\s*["']?([^"'=\s]+)["']?\s*=/.exec(line) ?? [];
  return name === key;
}
