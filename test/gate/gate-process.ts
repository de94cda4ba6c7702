/** A broker of the gatehouse as a process, from the sources: what it says is all that anybody could read. */

import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ProtocolVersion } from "#protocol";
import { root } from "../../scripts/checkout.ts";
import { folderWith } from "../config/folder.ts";
import { type Program, start } from "../support/programs.ts";
import { type ListenerName, listenerNames } from "./gatehouse.ts";
import { type Door, type Visit, visit } from "./visitor.ts";

const main = join(root, "src", "cli", "main.ts");

/** Of Node, to run `martlet` with `args`. */
export function martletArguments(...args: readonly string[]): string[] {
  return ["--conditions", "martlet-dev", main, ...args];
}

/** Runs by the gatehouse's configuration. Ends with the test. */
export class GateProcess {
  readonly folder: string;
  readonly program: Program;
  /** What clients were told. */
  readonly told: string[] = [];
  readonly #texts: Readonly<Record<string, string>>;
  readonly #ca: string;
  readonly #ports = new Map<ListenerName, number>();

  /** `texts`: of its files, `martlet.toml` among them. */
  constructor(texts: Readonly<Record<string, string>>, ca: string) {
    this.#texts = texts;
    this.#ca = ca;
    this.folder = folderWith(texts);
    this.program = start(process.execPath, martletArguments("-c", join(this.folder, "martlet.toml")));
  }

  get heard(): string {
    return [this.program.stdout, this.program.stderr, ...this.told].join("\n");
  }

  async running(): Promise<this> {
    await this.program.until("it runs", () => this.program.stdout.includes(" running\n"));
    const portsOf = (scheme: string): number[] =>
      [...this.program.stdout.matchAll(new RegExp(` ${scheme}://[^\\s:]+:(\\d+)`, "g"))].map(([, port]) =>
        Number(port),
      );
    const schemes = { tcp: portsOf("mqtt"), tls: portsOf("mqtts"), ws: portsOf("ws"), wss: portsOf("wss") };
    for (const name of listenerNames) this.#ports.set(name, schemes[schemeOf(name)].shift() ?? 0);
    return this;
  }

  door(name: ListenerName): Door {
    const scheme = schemeOf(name);
    return {
      port: this.#ports.get(name) ?? 0,
      isSecure: scheme === "tls" || scheme === "wss",
      isWeb: scheme.startsWith("w"),
      ca: this.#ca,
    };
  }

  /** The code of CONNACK. */
  async visit(name: ListenerName, wishes: Visit): Promise<number | undefined> {
    const { code } = await visit(this.door(name), ProtocolVersion.MQTT_5_0, wishes);
    return code;
  }

  /** Puts another text in the place of a file, has everything read again and waits for what the log says of it. */
  async replace(name: string, text: string, says: string): Promise<void> {
    const mark = this.program.stdout.length;
    const path = join(this.folder, name);
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
    this.program.kill("SIGHUP");
    await this.program.until(`it says ${says} of ${name}`, () => {
      const since = this.program.stdout.slice(mark);
      return since.includes(says) && WHOLE_RELOAD.test(since);
    });
  }

  /** As it was in the beginning. */
  async restore(name: string): Promise<void> {
    await this.replace(name, this.#texts[name] ?? "", "The configuration is unchanged.");
  }
}

/** From the signal to what became of the configuration, which is looked at last. */
const WHOLE_RELOAD =
  /SIGHUP received[^]*(The configuration is |The configuration could not be applied|: Configuration: )/;

function schemeOf(name: ListenerName): "tcp" | "tls" | "ws" | "wss" {
  if (name === "tcp" || name === "websocket") return name === "tcp" ? "tcp" : "ws";
  return name.startsWith("wss") ? "wss" : "tls";
}
