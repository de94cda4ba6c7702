/**
 * Peers that the command line names: any broker by the command that starts it, or one that runs already.
 *
 *     --peer 'flashmq=/path/flashmq -c conf' --port flashmq=11883     started and ended by the bench
 *     --peer 'nanomq=nanomq start --url nmq-tcp://127.0.0.1:{port}'   {port} becomes a free one
 *     --at other=mqtt://127.0.0.1:1883:4242                           runs already; 4242 is its process
 */

import { ConfigError } from "../../src/base/index.ts";
import type { PeerKind } from "./peer.ts";
import { freePort, PeerProcess } from "./process.ts";

const PORT = "{port}";
/** `scheme://host:port/path`, then perhaps `:pid,pid`. */
const RUNNING = /^(\w+:\/\/(?:\[[^\]]+\]|[^/:[\]]+):\d+(?:\/[^:]*)?)(?::(\d+(?:,\d+)*))?$/;

/**
 * `name=command`, with the port it listens on unless the command says `{port}`.
 * @throws ConfigError when that is not clear
 */
export function commandPeer(text: string, ports: ReadonlyMap<string, number>): PeerKind {
  const [name, command] = nameAndRest("--peer", text);
  // Words stand between spaces; there is no shell and no quoting.
  const [program, ...args] = command.split(/\s+/);
  const fixedPort = ports.get(name);
  if (program === undefined || program === "") throw new ConfigError("--peer", `no command in "${text}"`);
  if (fixedPort === undefined && !command.includes(PORT)) {
    throw new ConfigError(
      "--peer",
      `where does ${name} listen? Say --port ${name}=1883, or {port} in its command.`,
    );
  }
  return {
    name,
    refusalOf: () => undefined,
    async start() {
      const port = fixedPort ?? (await freePort());
      const child = new PeerProcess(
        program,
        args.map((arg) => arg.replaceAll(PORT, String(port))),
      );
      await child.listens(port);
      return {
        title: name,
        url: `mqtt://127.0.0.1:${port}`,
        processIds: [child.processId],
        isOurs: true,
        stop: () => child.stop(),
      };
    },
  };
}

/**
 * `name=url` or `name=url:pid,pid`.
 * @throws ConfigError for anything else
 */
export function runningPeer(text: string): PeerKind {
  const [name, rest] = nameAndRest("--at", text);
  const { 1: url, 2: processes } = RUNNING.exec(rest) ?? [];
  if (url === undefined)
    throw new ConfigError("--at", `"${rest}" is not mqtt://host:port or mqtt://host:port:pid`);
  const peer = {
    title: name,
    url,
    processIds: processes?.split(",").map(Number) ?? [],
    isOurs: false,
    stop: () => Promise.resolve(),
  };
  return { name, refusalOf: () => undefined, start: () => Promise.resolve(peer) };
}

/** @throws ConfigError when `text` is not `name=number` */
export function portOf(text: string): [name: string, port: number] {
  const [name, port] = nameAndRest("--port", text);
  if (!/^\d+$/.test(port)) throw new ConfigError("--port", `"${port}" is no port`);
  return [name, Number(port)];
}

function nameAndRest(option: string, text: string): [name: string, rest: string] {
  const { 1: name, 2: rest } = /^([\w.-]+)=(.+)$/s.exec(text) ?? [];
  if (name === undefined || rest === undefined) throw new ConfigError(option, `"${text}" is not name=…`);
  return [name, rest];
}
