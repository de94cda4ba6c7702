// `martlet certs`, as a process: what it makes serves mosquitto and its clients for one-way and mutual TLS.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { certsCommand } from "../../src/cli/commands/certs.ts";
import { readText } from "../config/folder.ts";
import { mosquittoProgram } from "../conformance/mosquitto.ts";
import { freePort } from "../support/ports.ts";
import { type Program, run, runWell, start } from "../support/programs.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { martlet, refusal } from "./run-martlet.ts";

/** `martlet certs` in the folder `dir`, which has to end well. */
async function certs(dir: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await martlet(["certs", ...args, "--dir", dir]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

it("says what it made and what comes next", async () => {
  const dir = join(temporaryFolder(), "certs");
  const until = "\\d{4}-\\d\\d-\\d\\d";
  const authority = await certs(dir, "ca");
  expect(authority).toMatch(
    new RegExp(`^${dir}/ca\\.crt {2}the certificate of the authority, valid until ${until}\n`),
  );
  expect(authority).toContain(`  martlet certs server --dir ${dir} --name broker.local --ip 192.0.2.7\n`);
  const server = await certs(dir, "server", "--name", "broker.local", "--ip", "192.0.2.7");
  expect(server).toMatch(
    new RegExp(
      `broker\\.local\\.crt {2}the certificate of the server broker\\.local, 192\\.0\\.2\\.7, valid until ${until}\n`,
    ),
  );
  expect(server).toContain(`  certfile ${dir}/broker.local.crt\n  keyfile ${dir}/broker.local.key\n`);
  expect(server).toContain(
    `  mosquitto_pub --cafile ${dir}/ca.crt -h broker.local -p 8883 -t test -m hello\n`,
  );
  expect(server).toContain(`  martlet conformance mqtts://broker.local:8883 --cafile ${dir}/ca.crt\n`);
  const client = await certs(dir, "client", "it's me");
  expect(client).toContain(`${dir}/it%27s%20me.key  its key: keep it to yourself\n`);
  expect(client).toContain(`--cert ${dir}/it%27s%20me.crt --key ${dir}/it%27s%20me.key -h broker.local`);
  expect(
    readdirSync(dir)
      .filter((file) => file.endsWith(".key"))
      .map((file) => statSync(join(dir, file)).mode & 0o777),
  ).toEqual([0o600, 0o600, 0o600]);
});

it("lists and takes back", async () => {
  const dir = join(temporaryFolder(), "certs");
  await certs(dir, "ca", "--name", "Me");
  expect(await certs(dir, "list")).toBe("Nothing has been signed here yet.\n");
  await certs(dir, "client", "sensor-1", "--days", "2");
  await certs(dir, "server", "broker.local", "127.0.0.1");
  expect(await certs(dir, "revoke", "sensor-1")).toMatch(
    /^revoked sensor-1, serial number [0-9A-F]{32}\n.*ca\.crl {2}written anew\n/,
  );
  expect(await certs(dir, "revoke", "sensor-1")).toMatch(/^sensor-1 had been revoked before/);
  const lines = (await certs(dir, "list")).trimEnd().split("\n").toSorted();
  expect(lines).toEqual([
    expect.stringMatching(/^client {2}revoked \d{4}-\d\d-\d\d [0-9A-F]{32} {2}sensor-1$/),
    expect.stringMatching(/^server {2}until \d{4}-\d\d-\d\d {3}[0-9A-F]{32} {2}broker\.local, 127\.0\.0\.1$/),
  ]);
  expect(JSON.parse(await certs(dir, "list", "--json"))).toHaveLength(2);
  const before = readFileSync(join(dir, "ca.crl"), "utf8");
  await certs(dir, "crl");
  expect(readFileSync(join(dir, "ca.crl"), "utf8")).not.toBe(before);
});

it("its lines of martlet.toml are a configuration with mutual TLS", async () => {
  const dir = join(temporaryFolder(), "my certs");
  await certs(dir, "ca");
  const said = await certs(dir, "server", "localhost");
  const [, text = ""] =
    /lines of martlet\.toml[^]*?\n((?: {2}.*\n)+)The same in mosquitto\.conf:\n/.exec(said) ?? [];
  const { listeners } = (await readText(text)).configuration;
  expect(listeners).toMatchObject([
    {
      protocol: "tls",
      port: 8883,
      tls: { cert: `${dir}/localhost.crt`, client_certificate: "require", crl: `${dir}/ca.crl` },
    },
  ]);
  const file = join(dir, "martlet.toml");
  writeFileSync(file, text);
  expect(await martlet(["-c", file, "--test-config"])).toMatchObject({ code: 0, stderr: "" });
});

describe("is not allowed", () => {
  it.each([
    [[], "<action>: it is missing; give one of ca, server, client, revoke, list, crl."],
    [["servr"], "servr: there is no such action. Did you mean server?"],
    [["x"], "x: there is no such action. The actions are: ca, server, client, revoke, list, crl."],
    [["server"], "--name: it is missing; give the names and addresses that clients know the server by."],
    [["server", "--ip", "broker.local"], '--ip: "broker.local" is no IP address.'],
    [["server", "a b"], "a b: this is neither the name of a host nor an IP address."],
    [["client"], "<name>: it is missing; give the client's name."],
    [["client", "a", "b"], "<name>: it is given twice."],
    [["client", "a", "--ip", "127.0.0.1"], "--ip: only a server has one."],
    [["ca", "--json"], "--json: only list has it."],
    [["revoke"], "<name>: it is missing; give the name or serial number of a certificate."],
    [["client", "a\u001b[2J"], "a\u001b[2J: a name has 1 to 64 bytes of UTF-8, and no control characters."],
  ])("%j", async (args, sentence) => {
    expect(await refusal(certsCommand, [...args, "--dir", temporaryFolder()])).toBe(sentence);
  });

  it("to write over anything without --force", async () => {
    const dir = join(temporaryFolder(), "certs");
    await certs(dir, "ca");
    const again = await martlet(["certs", "ca", "--dir", dir]);
    expect(again).toMatchObject({ code: 2, stdout: "" });
    expect(again.stderr).toBe(`martlet: ${dir}/ca.crt: it is there already; --force writes over it.\n`);
    await certs(dir, "ca", "--force");
  });
});

/** mosquitto with TLS on a free port, for clients with certificates of `dir`. */
async function mosquittoWith(dir: string): Promise<{ broker: Program; port: number }> {
  const port = await freePort();
  const configuration = join(dir, "mosquitto.conf");
  const lines = [
    `listener ${port} 127.0.0.1`,
    `cafile ${dir}/ca.crt`,
    `certfile ${dir}/localhost.crt`,
    `keyfile ${dir}/localhost.key`,
    `crlfile ${dir}/ca.crl`,
    "require_certificate true",
    "use_identity_as_username true",
    "log_type all",
    ...(process.getuid?.() === 0 ? ["user root"] : []),
  ];
  writeFileSync(configuration, `${lines.join("\n")}\n`);
  const broker = start(mosquittoProgram, ["-c", configuration]);
  await broker.until("it runs", () => / running/.test(broker.stderr));
  return { broker, port };
}

it("serves mosquitto for mutual TLS, and a client that was taken back is refused", async () => {
  const dir = join(temporaryFolder(), "certs");
  await certs(dir, "ca");
  await certs(dir, "server", "localhost", "127.0.0.1");
  await certs(dir, "client", "sensor-1");
  await certs(dir, "client", "gone", "--rsa");
  await certs(dir, "revoke", "gone");
  const { broker, port } = await mosquittoWith(dir);
  const publish = async (client?: string): Promise<number | null> => {
    const proof =
      client === undefined ? [] : ["--cert", join(dir, `${client}.crt`), "--key", join(dir, `${client}.key`)];
    const common = ["--cafile", join(dir, "ca.crt"), "-h", "localhost", "-p", String(port)];
    return (await run("mosquitto_pub", [...common, ...proof, "-t", "t", "-m", "m"])).code;
  };
  expect(await publish("sensor-1")).toBe(0);
  await broker.until("it knows the client by its certificate", () => broker.stderr.includes("u'sensor-1'"));
  expect(await publish("gone")).not.toBe(0);
  await broker.until("it says why", () =>
    /certificate revoked|certificate verify failed/.test(broker.stderr),
  );
  expect(await publish()).not.toBe(0);
});

it("makes what openssl verifies, as the page says", async () => {
  const dir = join(temporaryFolder(), "certs");
  await certs(dir, "ca");
  await certs(dir, "client", "sensor-1");
  const proof = ["-CAfile", `${dir}/ca.crt`, "-CRLfile", `${dir}/ca.crl`, "-crl_check"];
  const { stdout } = await runWell("openssl", ["verify", ...proof, `${dir}/sensor-1.crt`]);
  expect(stdout).toBe(`${dir}/sensor-1.crt: OK\n`);
});
