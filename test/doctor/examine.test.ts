// What is gathered of real files, ports and a running broker, and what is said of it.
import { chmodSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { readConfiguration } from "#config";
import { CertificateFolder } from "#credentials";
import { examine, type Finding } from "#doctor";
import { folderWith } from "../config/folder.ts";
import { type Configured, configured } from "../support/configured.ts";
import { troubles } from "../support/doctor.ts";

const nowMs = Date.now();
const DAY_MS = 86_400_000;
const EC = { keyKind: "ecdsa", isForced: false } as const;

interface Wishes {
  readonly settings?: readonly string[];
  readonly nowMs?: number;
  readonly isProbing?: boolean;
}

async function findingsIn(
  folder: string,
  { settings = [], ...wishes }: Wishes = {},
): Promise<readonly Finding[]> {
  const reading = await readConfiguration({ file: join(folder, "martlet.toml"), settings });
  return await examine(reading, { startProblems: [], nowMs, ...wishes });
}

/** Those of one area, without the folder. */
async function saidIn(
  folder: string,
  area: Finding["area"],
  wishes: Wishes = {},
): Promise<readonly string[]> {
  const findings = (await findingsIn(folder, wishes)).filter((finding) => finding.area === area);
  return troubles(findings).map((line) => line.replaceAll(`${folder}/`, ""));
}

/** An authority with a server's certificate for 30 days and a list, in `folder`/certs. */
async function certificatesIn(folder: string, hosts: readonly string[] = ["localhost"]): Promise<void> {
  const certs = new CertificateFolder(join(folder, "certs"), { epochMs: () => nowMs });
  await certs.makeAuthority("An authority", { ...EC, days: 100 });
  await certs.issueServer(hosts, { ...EC, days: 40 });
}

const tlsTable = `
[listeners.tls]
cert = "certs/localhost.crt"
key = "certs/localhost.key"
ca = "certs/ca.crt"
crl = "certs/ca.crl"
client_certificate = "request"
`;

describe("certificates and keys", () => {
  const text = `[persistence]\nmode = "memory"\n[[listeners]]\nprotocol = "tls"\nport = 0\n${tlsTable}`;

  it("that martlet certs made are in order", async () => {
    const folder = folderWith({ "martlet.toml": text });
    await certificatesIn(folder);
    expect(await saidIn(folder, "tls")).toEqual([]);
    const findings = await findingsIn(folder);
    expect(findings.filter(({ area }) => area === "tls")).toHaveLength(3);
    expect(findings.map(({ what }) => what)).toContain(
      "Files with secrets are closed to other users of this machine.",
    );
  });

  it("come to their end", async () => {
    const folder = folderWith({ "martlet.toml": text });
    await certificatesIn(folder);
    expect((await saidIn(folder, "tls", { nowMs: nowMs + 20 * DAY_MS }))[0]).toMatch(
      /^warning certs\/localhost\.crt expires on .*, in (19|20) days\.$/,
    );
    const all = await saidIn(folder, "tls", { nowMs: nowMs + 200 * DAY_MS });
    expect(all.map((line) => line.replace(/ on .*/, ""))).toEqual([
      "problem certs/localhost.crt has expired",
      "problem certs/ca.crt, certificate 1 (CN=An authority) has expired",
      "problem certs/ca.crl: the list of CN=An authority has expired",
    ]);
  });

  it("are for their owner only", async () => {
    const folder = folderWith({ "martlet.toml": text });
    await certificatesIn(folder);
    chmodSync(join(folder, "certs/localhost.key"), 0o644);
    expect(await saidIn(folder, "safety")).toContain(
      "problem A key of listener tls:0 can be read by every user (mode 0644): certs/localhost.key.",
    );
  });
});

describe("users and rules", () => {
  const hash = (rounds: number): string => `$7$${rounds}$${"AAAA".repeat(4)}$${"A".repeat(86)}==`;
  const files = {
    "martlet.toml": `
[persistence]
mode = "memory"
[[listeners]]
port = 0
[logins.password_file]
path = "users"
[logins.scram]
path = "users"
[access]
acl_file = "acl"
roles_file = "roles.json"
`,
    users: `# people\nalice:hush-alice\nbob:${hash(101)}\ncarol:${hash(210_000)}\n`,
    acl: "topic read $SYS/#\npattern readwrite #\nuser alice\ntopic a/#\n",
    "roles.json": JSON.stringify({
      defaultACLAccess: { publishClientSend: true, publishClientReceive: true, subscribe: false },
      clients: [
        { username: "dave", password: `${"A".repeat(86)}==`, salt: "AAAA".repeat(4), iterations: 101 },
        { username: "erin", encoded_password: hash(300_000) },
        { username: "frank" },
      ],
    }),
  };

  it("are read as the broker reads them", async () => {
    const folder = folderWith(files);
    expect(await saidIn(folder, "logins")).toEqual([
      "problem users: 1 password unhashed, or hashed in a way that is not known: alice. Nobody gets in by that.",
      "warning users: 1 weak hash (sha512-pbkdf2 with 101 rounds): bob.",
      "warning users holds nobody whose password is hashed for SCRAM.",
      "warning roles.json: 1 weak hash (sha512-pbkdf2 with 101 rounds): dave.",
    ]);
    expect(await saidIn(folder, "access")).toEqual([
      "warning roles.json allows by default, to whoever has no role that says otherwise: publishClientSend.",
      "warning acl lets users publish and receive anything whom it does not name.",
    ]);
  });

  it("keep their secrets", async () => {
    const folder = folderWith({ ...files, keys: "sensor:68757368\n" });
    const settings = [
      "logins.jwt.secret=hush-token-hush-token-hush-token-hush",
      "logins.http.url=https://127.0.0.1/hush-path?key=hush-query",
      'logins.http.headers={"authorization":"Bearer hush-header"}',
    ];
    const said = JSON.stringify(await findingsIn(folder, { settings }));
    expect(said).toContain("The secret of tokens stands in the configuration.");
    expect(said).not.toContain("hush");
    expect(said).not.toContain("AAAA");
  });

  it("that cannot be read are left to whoever starts the broker", async () => {
    const folder = folderWith({ ...files, users: "no account\n", acl: "nonsense\n", "roles.json": "{" });
    const reading = await readConfiguration({ file: join(folder, "martlet.toml") });
    const findings = await examine(reading, { startProblems: ["users:1: wrong"], nowMs });
    expect(troubles(findings)[0]).toBe("problem A broker does not start: users:1: wrong");
  });
});

describe("ports", () => {
  it("of other programs and addresses of other machines are problems", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void other.close());
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as AddressInfo;
    const folder = folderWith({
      "martlet.toml": `[[listeners]]\nport = ${port}\n[[listeners]]\nprotocol = "websocket"\nhost = "203.0.113.9"\nport = 0\n`,
    });
    expect(await saidIn(folder, "reach", { settings: [`persistence.folder=${folder}/data`] })).toEqual([
      `problem Port ${port} at 127.0.0.1 is in use by another program.`,
      "note Listener websocket:0, not encrypted: for machines of every network, at 203.0.113.9.",
      "problem This machine has no address 203.0.113.9, which listener websocket:0 asks for.",
    ]);
  });

  it("are given back", async () => {
    const folder = folderWith({ "martlet.toml": '[[listeners]]\nport = 0\nhost = ["0.0.0.0", "::"]\n' });
    const settings = ["persistence.mode=memory"];
    const findings = await findingsIn(folder, { settings });
    expect(findings.find(({ area }) => area === "reach")?.what).toMatch(
      /^Listener tcp:0, not encrypted: for machines .*, at 0\.0\.0\.0 \(.*lo 127\.0\.0\.1.*\), ::/,
    );
  });
});

describe("the data folder", () => {
  const text = '[[listeners]]\nport = 0\n[persistence]\nfolder = "data"\n';

  it("is written to and left as it was", async () => {
    const folder = folderWith({ "martlet.toml": text, "data/x": "" });
    const findings = await findingsIn(folder);
    expect(findings.map(({ what }) => what).join("\n")).toMatch(
      /A small write is on the disk after [\d.]+ ms \(median of \d+/,
    );
    expect(readdirSync(join(folder, "data"))).toEqual(["x"]);
  });

  it("that is not there stays away", async () => {
    const folder = folderWith({ "martlet.toml": text });
    const findings = await findingsIn(folder);
    expect(findings.map(({ what }) => what)).toContain(
      `${folder}/data is not there yet; the broker makes it.`,
    );
    expect(readdirSync(folder)).toEqual(["martlet.toml"]);
  });

  it.each(["file", "file/data"])("cannot be at %s, where a file stands", async (data) => {
    const folder = folderWith({ "martlet.toml": text, file: "" });
    expect(await saidIn(folder, "disk", { settings: [`persistence.folder=${folder}/${data}`] })).toEqual([
      `problem ${data} is not there, and this user may not make it.`,
    ]);
  });

  it("tells of a clock that was set back", async () => {
    const folder = folderWith({ "martlet.toml": text, "data/x": "" });
    const later = nowMs / 1_000 + 3_600;
    utimesSync(join(folder, "data/x"), later, later);
    expect((await saidIn(folder, "clock"))[0]).toMatch(
      /^warning The youngest file .* (59|60) minutes after now/,
    );
  });
});

describe("a broker that runs", () => {
  const text = `
[persistence]
folder = "data"
[[listeners]]
name = "tcp"
port = 0
[[listeners]]
name = "websocket"
protocol = "websocket"
port = 0
[[listeners]]
name = "unix"
protocol = "unix"
path = "s.sock"
[[listeners]]
name = "tls"
protocol = "tls"
port = 0
${tlsTable}
[[listeners]]
name = "wss"
protocol = "wss"
port = 0
${tlsTable}
`;

  /** Its configuration with the ports that it has. */
  const portsOf = (broker: Configured): string[] =>
    ["tcp", "websocket", "tls", "wss"].map(
      (transport) =>
        `listeners.${text.split("name = ").findIndex((part) => part.startsWith(`"${transport}"`)) - 1}.port=${broker.port(transport)}`,
    );

  async function runningIn(more: string): Promise<{ folder: string; settings: readonly string[] }> {
    const made = folderWith({});
    await certificatesIn(made);
    const certs = Object.fromEntries(
      ["localhost.crt", "localhost.key", "ca.crt", "ca.crl"].map((name) => [
        `certs/${name}`,
        readFileSync(join(made, "certs", name), "utf8"),
      ]),
    );
    const broker = await configured({ "martlet.toml": more + text, ...certs });
    return { folder: broker.folder, settings: portsOf(broker) };
  }

  it("is probed at all its listeners", async () => {
    const { folder, settings } = await runningIn("[logins]\nallow_anonymous = true\n");
    const findings = await findingsIn(folder, { settings, isProbing: true });
    const probed = findings
      .filter(({ area }) => area === "probe")
      .map(({ level, what }) => `${level} ${what}`);
    const inOrder = probed.filter((line) =>
      line.endsWith("lets in a client that says nothing of itself, as configured."),
    );
    expect(inOrder).toHaveLength(5);
    const shown = probed.filter((line) =>
      line.endsWith("speaks TLSv1.3 and shows a certificate for localhost."),
    );
    expect(shown).toHaveLength(2);
    expect(probed.filter((line) => line.startsWith("note"))).toEqual([
      "note Clients that know only public authorities do not trust it (it is signed by itself, or by an authority of your own).",
      "note Clients that know only public authorities do not trust it (it is signed by itself, or by an authority of your own).",
    ]);
    // Its own ports are in use by itself.
    const reach = findings.filter(({ area }) => area === "reach");
    expect(troubles(reach)).toEqual([]);
    expect(reach.filter(({ what }) => what.includes("is in use, as it should be"))).not.toEqual([]);
    expect(findings.map(({ what }) => what)).toContain(`${folder}/data is in use by process ${process.pid}.`);
  });

  it("by another configuration is told apart", async () => {
    const { folder, settings } = await runningIn("[logins]\nallow_anonymous = true\n");
    writeFileSync(join(folder, "users"), "");
    const others = folderWith({});
    await certificatesIn(others, ["localhost"]);
    const changed = [
      ...settings,
      "logins.allow_anonymous=false",
      `logins.password_file.path=${folder}/users`,
      `listeners.3.tls.cert=${others}/certs/localhost.crt`,
    ];
    const said = await saidIn(folder, "probe", { settings: changed, isProbing: true });
    expect(said.filter((line) => line.endsWith("against the configuration."))).toHaveLength(5);
    expect(said.filter((line) => line.includes("is not the one in"))).toEqual([
      `warning The certificate that listener tls shows is not the one in ${others}/certs/localhost.crt.`,
    ]);
  });

  it("that asks for passwords refuses, as it should", async () => {
    const folder = folderWith({ users: "" });
    const login = `[logins.password_file]\npath = "${folder}/users"\n`;
    const running = await runningIn(login);
    const said = await findingsIn(running.folder, { settings: running.settings, isProbing: true });
    const refused = said.filter(({ what }) =>
      what.endsWith("refuses a client that says nothing of itself, as configured."),
    );
    expect(refused).toHaveLength(5);
  });

  it("that is not there does not answer", async () => {
    const folder = folderWith({
      "martlet.toml": '[[listeners]]\nport = 1\n[persistence]\nmode = "memory"\n',
    });
    expect((await saidIn(folder, "probe", { isProbing: true }))[0]).toMatch(
      /^problem Nobody answers at 127\.0\.0\.1:1, listener tcp:1: .*ECONNREFUSED/,
    );
  });
});
