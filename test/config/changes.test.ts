// What is different after a change of the file, and that a change is applied as a whole or not at all.
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { LogLevel } from "#base";
import { type ConfigurationChange, ConfigurationFiles } from "#config";
import { folderWith } from "./folder.ts";

const first = `[[listeners]]
port = 1884
[limits]
maximum_connections = 10
[mqtt]
maximum_qos = 2
[persistence]
folder = "data"
[logins.jwt]
secret = "hush-hush"
`;

/** A broker that only notes what it is told. */
class Setup {
  readonly file: string;
  readonly applied: ConfigurationChange[] = [];
  readonly lines: string[] = [];
  apply: (change: ConfigurationChange) => void | Promise<void> = (change) => void this.applied.push(change);
  files!: ConfigurationFiles;

  constructor() {
    this.file = join(folderWith({ "martlet.toml": first }), "martlet.toml");
  }

  static async started(): Promise<Setup> {
    const setup = new Setup();
    setup.files = await ConfigurationFiles.read({
      sources: { file: setup.file },
      apply: async (change) => await setup.apply(change),
      log: {
        write: (level: LogLevel, text) =>
          void setup.lines.push(`${level} ${text.replaceAll(setup.file, "FILE")}`),
      },
    });
    return setup;
  }

  write(text: string): void {
    writeFileSync(`${this.file}.new`, text);
    renameSync(`${this.file}.new`, this.file);
  }
}

describe("a reload", () => {
  it("of the same file changes nothing", async () => {
    const setup = await Setup.started();
    setup.write(`# a comment\n${first}`);
    expect(await setup.files.reload()).toEqual({ outcome: "unchanged", restart: [] });
    expect(setup.applied).toEqual([]);
    expect(setup.lines).toEqual(["info The configuration is unchanged."]);
  });

  it("applies what can change, and tells what needs a restart, each time", async () => {
    const setup = await Setup.started();
    const before = setup.files.configuration;
    setup.write(
      first
        .replace("port = 1884", "port = 1884\nmaximum_unfinished = 5\nallow_anonymous = true")
        .replace("maximum_connections = 10", "maximum_connections = 20")
        .replace("maximum_qos = 2", "maximum_qos = 1")
        .replace("hush-hush", "another-one"),
    );
    const outcome = await setup.files.reload();
    const path = ["listeners", 0, "maximum_unfinished"];
    expect(outcome).toMatchObject({ outcome: "applied", restart: [{ path }] });
    expect(setup.lines).toEqual([
      "info Configuration: listeners[0].allow_anonymous is true (was not set).",
      "info Configuration: mqtt.maximum_qos is 1 (was 2) for connections that begin from now on.",
      "info Configuration: limits.maximum_connections is 20 (was 10).",
      "info Configuration: logins.jwt.secret is another one.",
      "warn Configuration: listeners[0].maximum_unfinished is 5 (was 4096); this needs a restart.",
    ]);
    expect(setup.applied).toHaveLength(1);
    const { from, to } = setup.applied[0] as ConfigurationChange;
    expect(from).toBe(before);
    expect(to).toBe(setup.files.configuration);
    const unfinished = to.listeners[0]?.maximum_unfinished;
    expect([to.limits.maximum_connections, to.mqtt.maximum_qos, unfinished]).toEqual([20, 1, 4096]);
    expect(to.logins.jwt?.secret).toBe("another-one");

    expect(await setup.files.reload()).toMatchObject({ outcome: "unchanged", restart: [{}] });
    expect(setup.lines.at(-1)).toContain(
      "listeners[0].maximum_unfinished is 5 (was 4096); this needs a restart.",
    );
    setup.write(first);
    expect(await setup.files.reload()).toMatchObject({ outcome: "applied", restart: [] });
    expect(setup.files.configuration).toEqual(before);
  });

  it("leaves what is said of another listener for a restart, too", async () => {
    const setup = await Setup.started();
    setup.write(first.replace("port = 1884", "port = 1885\nallow_anonymous = true"));
    expect(await setup.files.reload()).toMatchObject({ outcome: "unchanged" });
    expect(setup.lines).toEqual([
      "warn Configuration: listeners[0].port is 1885 (was 1884); this needs a restart.",
      "warn Configuration: listeners[0].allow_anonymous is true (was not set); this needs a restart.",
    ]);
    expect(setup.files.configuration.listeners[0]?.allow_anonymous).toBeUndefined();
  });

  it("keeps everything when anything is wrong, and says all of it", async () => {
    const setup = await Setup.started();
    const before = setup.files.configuration;
    setup.write(`${first.replace("= 10", "= 11")}\n[log]\nlevel = "loud"\nlevl = 1\n`);
    expect(await setup.files.reload()).toEqual({ outcome: "kept" });
    setup.write("[limits]\nmaximum_");
    expect(await setup.files.reload()).toEqual({ outcome: "kept" });
    expect(setup.applied).toEqual([]);
    expect(setup.files.configuration).toBe(before);
    expect(setup.lines).toEqual([
      "error The configuration is not allowed; the one before it stays in force.",
      'error FILE:13:1: log.level: "loud" is not allowed; it is "debug", "info", "warn" or "error".',
      "error FILE:14:1: log.levl: there is no such key. Did you mean level?",
      "error The configuration is not allowed; the one before it stays in force.",
      expect.stringMatching(/^error FILE:2:\d+: this is no TOML: /),
    ]);
    setup.write(first.replace("= 10", "= 11"));
    expect(await setup.files.reload()).toMatchObject({ outcome: "applied" });
  });

  it("that cannot be applied keeps what was", async () => {
    const setup = await Setup.started();
    const before = setup.files.configuration;
    setup.apply = () => {
      throw new TypeError("the certificate is gone");
    };
    setup.write(first.replace("= 10", "= 11"));
    expect(await setup.files.reload()).toEqual({ outcome: "kept" });
    expect(setup.files.configuration).toBe(before);
    expect(setup.lines).toEqual([
      "error The configuration could not be applied; the one before it stays in force.",
      "error the certificate is gone",
    ]);
  });

  it("waits for the one before it", async () => {
    const setup = await Setup.started();
    const order: string[] = [];
    let finish = (): void => undefined;
    const isAsked = new Promise<void>((asked) => {
      setup.apply = async ({ to }) => {
        order.push(`begin ${to.limits.maximum_connections}`);
        asked();
        await new Promise<void>((resolve) => (finish = resolve));
        order.push(`end ${to.limits.maximum_connections}`);
      };
    });
    setup.write(first.replace("= 10", "= 11"));
    const one = setup.files.reload();
    await isAsked;
    setup.write(first.replace("= 10", "= 12"));
    const other = setup.files.reload();
    setup.apply = ({ to }) => void order.push(`at once ${to.limits.maximum_connections}`);
    finish();
    await Promise.all([one, other]);
    expect(order).toEqual(["begin 11", "end 11", "at once 12"]);
  });

  it("takes a list as a whole, and a table that comes or goes", async () => {
    const setup = await Setup.started();
    const rule = '[[access.rules]]\neffect = "allow"\ntopics = "a/#"\n';
    setup.write(`${first.replace(/\[logins.jwt\]\n.*\n/, "")}${rule}${rule}[[listeners]]\nport = 0\n`);
    await setup.files.reload();
    expect(setup.lines).toEqual([
      "info Configuration: logins.jwt is gone.",
      "info Configuration: access.rules has 2 entries (had 0).",
      "warn Configuration: listeners has 2 entries (had 1); this needs a restart.",
    ]);
    const { listeners, access } = setup.files.configuration;
    expect([listeners.length, access.rules.length]).toEqual([1, 2]);
    setup.write(
      first.replace("port = 1884", 'port = 1884\nprotocol = "tls"\ntls = { cert = "a", key = "b" }'),
    );
    setup.lines.length = 0;
    await setup.files.reload();
    expect(setup.lines).toContain("warn Configuration: listeners[0].tls is new; this needs a restart.");
  });
});
