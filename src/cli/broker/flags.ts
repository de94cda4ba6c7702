/** From the broker's own options to settings of the configuration, each with the option that it came from. */

import { ConfigError } from "#base";
import type { Assignment, KeyPath } from "#config";
import {
  DEFAULT_PORT,
  DEFAULT_TLS_PORT,
  DEFAULT_WEBSOCKET_PORT,
  type Values,
  WEBSOCKET_PATH,
} from "./command-line.ts";

/**
 * What `values` set. Options for listeners make a list of their own.
 * @throws ConfigError that names the option
 */
export function assignmentsOf(values: Values): readonly Assignment[] {
  return [...listenerAssignments(values), ...keptAssignments(values), ...otherAssignments(values)];
}

interface FlagListener {
  readonly protocol: "tcp" | "tls" | "websocket";
  readonly port: number;
  /** The option that each key came from; what is not there is its default. */
  readonly flags: Readonly<Record<string, string>>;
  readonly more: Readonly<Record<string, unknown>>;
}

const listenerOptions = [
  "port",
  "host",
  "ws-port",
  "no-ws",
  "tls-port",
  "tls-cert",
  "tls-key",
  "tls-ca",
  "tls-require-certificate",
  "pipes",
] as const;

function listenerAssignments(values: Values): Assignment[] {
  const [first] = listenerOptions.filter((name) => values[name] !== undefined);
  if (first === undefined) return [];
  const listeners = listenersOf(values);
  const hosts = [...new Set(values.host)];
  const pipes = pipesOf(values);
  const list = listeners.map(({ protocol, port, more }) => ({
    protocol,
    port,
    ...(hosts.length === 0 ? {} : { host: hosts }),
    ...(protocol === "websocket" ? {} : { pipes }),
    ...more,
  }));
  const assignments = [assigned(["listeners"], list, `--${first}`)];
  for (const [index, { port, flags, more }] of listeners.entries()) {
    const at = (...path: KeyPath): KeyPath => ["listeners", index, ...path];
    if (flags["port"] !== undefined) assignments.push(assigned(at("port"), port, flags["port"]));
    if (hosts.length > 0) assignments.push(assigned(at("host"), hosts, "--host"));
    for (const [name, value] of Object.entries(more["tls"] ?? {})) {
      assignments.push(assigned(at("tls", name), value, flags[name] ?? "--tls-cert"));
    }
  }
  return assignments;
}

/** @throws ConfigError that names the option */
function listenersOf(values: Values): FlagListener[] {
  const ports = values.port ?? [DEFAULT_PORT];
  const isTaken = (port: number): boolean => port !== 0 && ports.includes(port);
  const webSocketPort = values["ws-port"] ?? DEFAULT_WEBSOCKET_PORT;
  const listeners: FlagListener[] = ports.map((port) => ({
    protocol: "tcp",
    port,
    flags: { port: "--port" },
    more: {},
  }));
  const tls = tlsListenerOf(values);
  if (tls !== undefined) {
    if (isTaken(tls.port)) {
      throw new ConfigError("--tls-port", `${tls.port} is the port for TCP; give TLS another.`);
    }
    listeners.push(tls);
  }
  if (values["no-ws"] !== true) {
    if (isTaken(webSocketPort)) {
      throw new ConfigError(
        "--ws-port",
        `${webSocketPort} is the port for TCP; give WebSocket another, or --no-ws.`,
      );
    }
    if (webSocketPort === tls?.port && webSocketPort !== 0) {
      throw new ConfigError("--ws-port", `${webSocketPort} is the port for TLS; give WebSocket another.`);
    }
    const more = { path: WEBSOCKET_PATH };
    listeners.push({ protocol: "websocket", port: webSocketPort, flags: { port: "--ws-port" }, more });
  } else if (values["ws-port"] !== undefined) {
    throw new ConfigError("--no-ws", "it contradicts --ws-port; give one of them.");
  }
  return listeners;
}

/**
 * The listener that the options for TLS ask for, or undefined when they ask for none.
 * @throws ConfigError that names the option
 */
function tlsListenerOf(values: Values): FlagListener | undefined {
  const [cert, key, ca] = (["tls-cert", "tls-key", "tls-ca"] as const).map((name) => values[name]?.at(-1));
  const requiresCertificate = values["tls-require-certificate"] === true;
  if (cert === undefined && key === undefined) {
    const [first] = (["tls-port", "tls-ca", "tls-require-certificate"] as const).filter(
      (name) => values[name] !== undefined,
    );
    if (first === undefined) return undefined;
    throw new ConfigError(`--${first}`, "TLS needs a certificate and its key; add --tls-cert and --tls-key.");
  }
  if (cert === undefined) throw new ConfigError("--tls-key", "its certificate is missing; add --tls-cert.");
  if (key === undefined) throw new ConfigError("--tls-cert", "its key is missing; add --tls-key.");
  if (ca !== undefined && !requiresCertificate) {
    throw new ConfigError("--tls-ca", "nobody is asked for a certificate; add --tls-require-certificate.");
  }
  if (ca === undefined && requiresCertificate) {
    throw new ConfigError(
      "--tls-require-certificate",
      "it needs the authority that signs them; add --tls-ca.",
    );
  }
  return {
    protocol: "tls",
    port: values["tls-port"] ?? DEFAULT_TLS_PORT,
    flags: {
      port: "--tls-port",
      cert: `--tls-cert ${cert}`,
      key: `--tls-key ${key}`,
      ca: `--tls-ca ${ca}`,
      client_certificate: "--tls-require-certificate",
    },
    more: {
      tls: { cert, key, ...(ca === undefined ? {} : { ca, client_certificate: "require" }) },
    },
  };
}

/** @throws ConfigError for what is no mode, or contradicts itself */
function keptAssignments(values: Values): Assignment[] {
  const given = values.sync?.at(-1);
  const folder = values.data?.at(-1);
  const isSwitchedOff = values["no-persistence"] === true;
  const mode = given ?? (isSwitchedOff ? "memory" : undefined);
  if (mode !== undefined && mode !== "durable" && mode !== "os" && mode !== "memory") {
    throw new ConfigError("--sync", `"${mode}" is not allowed; give durable, os or memory.`);
  }
  if (mode !== "memory" && isSwitchedOff) {
    throw new ConfigError("--no-persistence", `it contradicts --sync ${mode}; give one of them.`);
  }
  if (mode === "memory" && folder !== undefined) {
    throw new ConfigError("--data", "nothing is kept there with --no-persistence; give one of them.");
  }
  const flag = given === undefined ? "--no-persistence" : "--sync";
  return [
    ...(mode === undefined ? [] : [assigned(["persistence", "mode"], mode, flag)]),
    ...(folder === undefined ? [] : [assigned(["persistence", "folder"], folder, "--data")]),
  ];
}

/**
 * Levels of the log take the place of types that a file may name.
 *
 * @throws ConfigError for two that contradict each other
 */
function otherAssignments({ verbose, quiet, "allow-anonymous": anonymous }: Values): Assignment[] {
  if (verbose === true && quiet === true) {
    throw new ConfigError("--quiet", "it contradicts --verbose; give one of them.");
  }
  return [
    ...(anonymous === true ? [assigned(["logins", "allow_anonymous"], true, "--allow-anonymous")] : []),
    ...(verbose === true
      ? [
          assigned(["log", "level"], "debug", "--verbose"),
          assigned(["log", "types"], undefined, "--verbose"),
          assigned(["log", "packets"], true, "--verbose"),
        ]
      : []),
    ...(quiet === true
      ? [assigned(["log", "level"], "warn", "--quiet"), assigned(["log", "types"], undefined, "--quiet")]
      : []),
  ];
}

/** @throws ConfigError for what is none of the kinds */
function pipesOf({ pipes = [] }: Values): "auto" | "net" | "handle" {
  const kind = pipes.at(-1) ?? "auto";
  if (kind === "auto" || kind === "net" || kind === "handle") return kind;
  throw new ConfigError("--pipes", `"${kind}" is not allowed; give auto, net or handle.`);
}

function assigned(path: KeyPath, value: unknown, name: string): Assignment {
  return { path, value, place: { kind: "flag", name } };
}
