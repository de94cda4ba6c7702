// The broker by its configuration: what the program says of one, and that it does what one says.
import { chmodSync, cpSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { root } from "../../scripts/checkout.ts";
import { folderWith } from "../config/folder.ts";
import { blocksOf } from "../docs/pages.ts";
import { Authority } from "../transport/authority.ts";
import { connect5, HexClient, MartletProcess, outcomeOf } from "./martlet-process.ts";

const page = "docs/how-to/configure.md";

/** The blocks of the page that are files, by their names. */
const files = Object.fromEntries(
  blocksOf(page).flatMap(({ language, text }) => {
    const [, name] = language.split(" ");
    return name === undefined ? [] : [[name, text]];
  }),
);

const authority = new Authority("test");
const pair = authority.server("localhost");
afterAll(() => authority.remove());

describe("--test-config", () => {
  it("of what is allowed ends with 0", async () => {
    const file = join(folderWith(files), "martlet.toml");
    expect(await outcomeOf(["-c", file, "--test-config"])).toMatchObject({
      code: 0,
      stdout: `${file} is allowed.\n`,
      stderr: "",
    });
    expect(await outcomeOf(["--test-config"])).toMatchObject({
      code: 0,
      stdout: "The configuration is allowed.\n",
    });
  });

  it("says what the page says of mistakes, and ends with 1", async () => {
    const text = String(files["martlet.toml"]).replace("connections", "conections").replace("warn", "loud");
    const folder = folderWith({ "martlet.toml": text });
    const failed = await outcomeOf(["-c", join(folder, "martlet.toml"), "--test-config"]);
    const [shown] = blocksOf(page).filter(({ text: block }) => block.startsWith("martlet: "));
    expect({ ...failed, stderr: failed.stderr.replaceAll(`${folder}/`, "") }).toMatchObject({
      code: 1,
      stdout: "",
      stderr: shown?.text,
    });
    const started = await outcomeOf(["-c", join(folder, "martlet.toml")]);
    expect(started).toMatchObject({ code: 1, stdout: "", stderr: failed.stderr });
  });

  it("looks for the files that are named", async () => {
    const text = '[[listeners]]\nprotocol = "tls"\n[listeners.tls]\ncert = "a.pem"\nkey = "keys"\n';
    const folder = folderWith({ "martlet.toml": text, "keys/a.key": "" });
    const failed = await outcomeOf(["-c", join(folder, "martlet.toml"), "--test-config"]);
    expect(failed.code).toBe(1);
    expect(failed.stderr.replaceAll(`${folder}/`, "").split("\n")).toEqual([
      "martlet: martlet.toml:4:1: listeners[0].tls.cert: a.pem: there is no such file; check the path.",
      "martlet: martlet.toml:5:1: listeners[0].tls.key: keys: this is a folder; give the file in it.",
      "",
    ]);
  });

  it("looks into the files that are named", async () => {
    const text = '[[listeners]]\nprotocol = "tls"\n[listeners.tls]\ncert = "a.pem"\nkey = "a.key"\n';
    const other = authority.server("other");
    const folder = folderWith({ "martlet.toml": text, "a.pem": pair.cert, "a.key": other.key });
    const failed = await outcomeOf(["-c", join(folder, "martlet.toml"), "--test-config"]);
    expect(failed).toMatchObject({ code: 1, stdout: "" });
    expect(failed.stderr.replaceAll(`${folder}/`, "")).toMatch(
      /^martlet: martlet\.toml:5:1: listeners\[0\]\.tls\.key: it is not the key of the certificate/,
    );
  });

  it("looks whether log, PID file and user can be had, as the start does, and makes nothing", async () => {
    const text = [
      '[[listeners]]\nport = 0\n[persistence]\nmode = "memory"\n[log]\ndestination = "file"',
      'file = "no/broker.log"\n[process]\npid_file = "run"\nuser = "no-such-user"\n',
    ].join("\n");
    const folder = folderWith({ "martlet.toml": text, "run/x": "" });
    const file = join(folder, "martlet.toml");
    const user =
      "martlet: martlet.toml:10:1: process.user: there is no user no-such-user on this machine; make one of that name, or name another.";
    const lines = [
      "martlet: martlet.toml:7:1: log.file: no/broker.log cannot be written: its folder is not there; make that first.",
      "martlet: martlet.toml:9:1: process.pid_file: run cannot be written: this is a folder; give a file in it.",
      ...(process.getuid?.() === 0 ? [user] : []),
      "",
    ];
    const [failed, started] = [await outcomeOf(["-c", file, "--test-config"]), await outcomeOf(["-c", file])];
    expect(failed).toMatchObject({ code: 1, stdout: "" });
    expect(failed.stderr.replaceAll(`${folder}/`, "").split("\n")).toEqual(lines);
    expect(started).toEqual(failed);
    writeFileSync(
      file,
      text
        .replace("no/broker.log", "broker.log")
        .replace('= "run"', '= "broker.pid"')
        .replace(/user = .*/, ""),
    );
    expect(await outcomeOf(["-c", file, "--test-config"])).toMatchObject({ code: 0, stderr: "" });
    expect(readdirSync(folder).toSorted()).toEqual(["martlet.toml", "run"]);
  });

  it("looks at the rights of who is not root", async () => {
    const folder = folderWith({ "broker.log": "", "dir/x": "" });
    for (const name of ["", "dir"]) chmodSync(join(folder, name), 0o755);
    const args = [
      "log.destination=file",
      `log.file=${folder}/broker.log`,
      `process.pid_file=${folder}/dir/pid`,
    ];
    const nobody = process.getuid?.() === 0 ? { uid: 65_534 } : {};
    if (process.getuid?.() !== 0)
      for (const name of ["broker.log", "dir"]) chmodSync(join(folder, name), 0o500);
    const failed = await outcomeOf([...args.flatMap((each) => ["--set", each]), "--test-config"], nobody);
    const why = "cannot be written: this user may not; check the rights of the file and its folder.";
    expect(failed).toMatchObject({
      code: 1,
      stderr: `martlet: --set log.file: ${folder}/broker.log ${why}\nmartlet: --set process.pid_file: ${folder}/dir/pid ${why}\n`,
    });
  });

  it("does not allow a listener that is open to everybody by accident", async () => {
    const folder = folderWith({ "martlet.toml": '[[listeners]]\nhost = ["127.0.0.1", "0.0.0.0"]\n' });
    const failed = await outcomeOf(["-c", join(folder, "martlet.toml"), "--test-config"]);
    expect(failed).toMatchObject({ code: 1, stdout: "" });
    expect(failed.stderr).toMatch(
      /martlet\.toml:2:1: listeners\[0\]\.host: other machines could reach 0\.0\.0\.0 and nobody would be asked for a password; add a table/,
    );
    const anonymous = ["--set", "logins.allow_anonymous=true"];
    expect((await outcomeOf(["-c", join(folder, "martlet.toml"), "--test-config", ...anonymous])).code).toBe(
      0,
    );
  });

  it.each(["martlet.toml", "internet.toml"])(
    "allows examples/%s, with the files that it names",
    async (name) => {
      const folder = folderWith({
        passwords: "",
        acl: "",
        "certs/server.pem": pair.cert,
        "certs/server.key": pair.key,
        "certs/ca.pem": authority.ca,
      });
      cpSync(join(root, "examples", name), join(folder, name));
      expect(await outcomeOf(["-c", join(folder, name), "--test-config"])).toMatchObject({
        code: 0,
        stderr: "",
      });
    },
  );
});

describe("what is loaded", () => {
  const probe = `import { registerHooks } from "node:module";
registerHooks({ load(url, context, next) { console.error(url); return next(url, context); } });`;
  const env = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(probe)}` };

  async function packagesOf(...args: string[]): Promise<string[]> {
    const { code, stderr } = await outcomeOf([...args, "--test-config"], { env });
    expect(code).toBe(0);
    const names = ["zod", "smol-toml", "yaml"].filter((name) => stderr.includes(`/node_modules/${name}/`));
    return names;
  }

  it("is what the configuration needs, and nothing without one", async () => {
    const folder = folderWith(files);
    expect(await packagesOf("--port", "0", "--quiet")).toEqual([]);
    expect(await packagesOf("--set", "log.level=warn")).toEqual(["zod"]);
    expect(await packagesOf("-c", join(folder, "martlet.toml"))).toEqual(["zod", "smol-toml"]);
    expect(await packagesOf("-c", join(folder, "martlet.yaml"))).toEqual(["zod", "yaml"]);
  });
});

describe("the broker's command line", () => {
  it.each([
    [["--set", "log.levl=warn"], 2, "--set log.levl: there is no such setting. Did you mean log.level?"],
    [["--set", "log.level"], 2, "--set log.level: write it as key=value, for example log.level=debug."],
    [["-c", "a", "-c", "b"], 2, "--config: it is given twice."],
    [["-c", "no.toml"], 1, "no.toml: there is no such file; check the path."],
  ])("%j", async (args, code, sentence) => {
    expect(await outcomeOf(args)).toMatchObject({ code, stdout: "", stderr: `martlet: ${sentence}\n` });
  });

  it("names a variable that is not allowed", async () => {
    const env = { MARTLET_LIMITS__MAXIMUM_CONNECTIONS: "many" };
    expect(await outcomeOf([], { env })).toMatchObject({
      code: 1,
      stderr:
        'martlet: MARTLET_LIMITS__MAXIMUM_CONNECTIONS: "many" is not allowed; it is a whole number from 1 on.\n',
    });
  });

  it("prints what is in force and where it comes from, and that is a file again", async () => {
    const folder = folderWith(files);
    const args = ["--set", "queue.maximum_bytes=1MiB", "--quiet", "--no-ws", "--port", "0", "--print-config"];
    const env = { MARTLET_SYS__INTERVAL_SECONDS: "30" };
    const printed = await outcomeOf(["-c", join(folder, "martlet.toml"), ...args], { env });
    expect(printed).toMatchObject({ code: 0, stderr: "" });
    const lines = printed.stdout.replaceAll(`${folder}/`, "").split("\n");
    const [shown] = blocksOf(page).filter(({ text }) => text.startsWith("[limits]"));
    expect(lines).toContain(shown?.text.split("\n")[1]);
    expect(lines).toEqual(
      expect.arrayContaining([
        "port = 0  # --port",
        "maximum_bytes = 1048576  # --set queue.maximum_bytes",
        'level = "warn"  # --quiet',
        "interval_seconds = 30  # MARTLET_SYS__INTERVAL_SECONDS",
        'mode = "durable"  # default',
      ]),
    );
    mkdirSync(join(folder, "again"));
    const again = join(folder, "again", "martlet.toml");
    writeFileSync(again, printed.stdout);
    const second = await outcomeOf(["-c", again, "--print-config"]);
    const values = (text: string): string[] =>
      text.split("\n").map((line) => line.replace(/ {2}# [^"]*$/, ""));
    const isFolder = (line: string): boolean => line.startsWith("folder = ");
    expect(values(second.stdout).filter((line) => !isFolder(line))).toEqual(
      values(printed.stdout).filter((line) => !isFolder(line)),
    );
  });
});

describe("a broker with a file", () => {
  it.each(["toml", "yaml"])("does what it says in %s", async (ending) => {
    const text = String(files[`martlet.${ending}`])
      .replace("1883", "0")
      .replace(
        "websocket",
        ending === "toml" ? 'websocket"\nport = 0\npath = "/here' : "websocket\n    port: 0\n    path: /here",
      )
      .replace("warn", "info");
    const folder = folderWith({ [`martlet.${ending}`]: `${text}` });
    const martlet = new MartletProcess([
      "-c",
      join(folder, `martlet.${ending}`),
      "--set",
      "limits.maximum_connections=1",
    ]);
    const port = await martlet.running();
    expect(martlet.stdout).toMatch(/ws:\/\/127\.0\.0\.1:\d+\/here/);
    const client = new HexClient(port);
    client.send(connect5("one"));
    await client.expect(/^20..0000/);
    new HexClient(port).send(connect5("two"));
    await martlet.line(/A connection was refused: all .*in use\./);
  });

  it("names the key when a port is taken", async () => {
    const first = new MartletProcess(["-p", "0", "--no-ws", "--sync", "memory"]);
    const port = await first.running();
    const folder = folderWith({ "martlet.toml": `[[listeners]]\nport = ${port}\n` });
    const failed = await outcomeOf(["-c", join(folder, "martlet.toml"), "--sync", "memory"]);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain(
      `or choose another port in ${folder}/martlet.toml:2 (listeners[0].port).\n`,
    );
  });

  it("does not start with certificates that are none, and says whose", async () => {
    const text =
      '[[listeners]]\nprotocol = "tls"\nport = 0\n[listeners.tls]\ncert = "a.pem"\nkey = "a.key"\n';
    const folder = folderWith({ "martlet.toml": text, "a.pem": "nothing", "a.key": "nothing" });
    const failed = await outcomeOf(["-c", join(folder, "martlet.toml")]);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/martlet\.toml:5:1: listeners\[0\]\.tls\.cert: it holds no certificate/);
  });
});
