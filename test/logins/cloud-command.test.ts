// `martlet credentials`, as a process: what it writes is what the verifiers take.
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { CloudCredentials, CloudName } from "#clouds";
import { credentialsCommand } from "../../src/cli/commands/credentials.ts";
import { options } from "../../src/cli/credentials/options.ts";
import { cloudRecipes } from "../../src/cli/credentials/recipes.ts";
import { program } from "../cli/martlet-process.ts";
import { martlet, refusal, shell } from "../cli/run-martlet.ts";
import { start } from "../support/programs.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { loginOf, said, verifier } from "./cloud-logins.ts";

const KEY = "bWFydGxldC1vbmVuZXQtdGVzdC1hY2Nlc3Mta2V5MDE=";
const pems = {
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
} as const;
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048, ...pems });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256", ...pems });

/** A file with `text` in it, for one test. */
function fileOf(text: string): string {
  const folder = temporaryFolder();
  const path = join(folder, "secret");
  writeFileSync(path, text);
  return path;
}

async function made(args: readonly string[], secret: string): Promise<CloudCredentials> {
  const path = fileOf(`${secret}\n`);
  const { code, stdout, stderr } = await martlet(["credentials", ...args, "--secret-file", path, "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as CloudCredentials;
}

const nowSeconds = Date.now() / 1000;

describe("what it makes lets a device in, right now", () => {
  const google = ["--project", "p", "--location", "l", "--registry", "r", "--device", "d"];
  const googleOwner = "google projects/p/locations/l/registries/r d -";

  test.each<[string, readonly string[], string, CloudName, string, Record<string, string>]>([
    ["aliyun", ["--product", "pk", "--device", "d"], "s", "aliyun", "in as pk/d", { "aliyun pk d -": "s" }],
    ["onenet", ["--product", "1", "--device", "d"], KEY, "onenet", "in as 1/d", { "onenet 1 d -": KEY }],
    [
      "onenet",
      ["--product", "1", "--device", "d", "--product-key"],
      KEY,
      "onenet",
      "in as 1/d",
      { "onenet 1 - -": KEY },
    ],
    [
      "onenet-old",
      ["--product", "1", "--device", "2"],
      "s",
      "onenet-old",
      "in as 1/2",
      { "onenet-old 1 2 -": "s" },
    ],
    ["huawei", ["--device", "d", "--check-time"], "s", "huawei", "in as d", { "huawei  d -": "s" }],
    [
      "huawei",
      ["--device", "d", "--node-id", "--host", "h"],
      "s",
      "huawei",
      "in as d",
      { "huawei  d -": "s" },
    ],
    ["baidu", ["--product", "c", "--device", "d"], "s", "baidu", "in as c/d", { "baidu c d -": "s" }],
    ["tencent", ["--product", "P", "--device", "d"], KEY, "tencent", "in as Pd", { "tencent  Pd -": KEY }],
    ["azure", ["--hub", "h", "--device", "d"], KEY, "azure", "in as h/d", { "azure h d -": KEY }],
    [
      "azure",
      ["--hub", "h", "--device", "d", "--policy", "p"],
      KEY,
      "azure",
      "in as h/d",
      { "azure h - p": KEY },
    ],
    [
      "google",
      google,
      rsa.privateKey,
      "google",
      "in as projects/p/locations/l/registries/r/d",
      { [googleOwner]: rsa.publicKey },
    ],
    [
      "google",
      [...google, "--method", "ES256"],
      ec.privateKey,
      "google",
      "in as projects/p/locations/l/registries/r/d",
      { [googleOwner]: ec.publicKey },
    ],
  ])("%s %s", async (recipe, args, secret, cloud, expected, secrets) => {
    const credentials = await made([recipe, ...args], secret);
    expect(said(await verifier(cloud, secrets, { nowSeconds }).authenticate(loginOf(credentials)))).toBe(
      expected,
    );
  });

  test("aws-authorizer", async () => {
    const args = [
      "--host",
      "h",
      "--client-id",
      "c",
      "--authorizer",
      "mine",
      "--token-key",
      "t",
      "--token",
      "a b",
    ];
    const credentials = await made(["aws-authorizer", ...args, "--user", "me"], rsa.privateKey);
    expect(credentials).toMatchObject({ alpn: "mqtt", url: "mqtts://h:443" });
    const provider = verifier(
      "aws-authorizer",
      {},
      {
        authorizerOf: () => ({ tokenKey: "t", publicKeys: [rsa.publicKey] }),
      },
    );
    expect(await provider.authenticate(loginOf(credentials))).toMatchObject({
      outcome: "accepted",
      userName: "mine",
    });
  });

  test("aws-sigv4", async () => {
    const args = ["--host", "h", "--region", "us-east-1", "--client-id", "c", "--access-key-id", "AK"];
    const credentials = await made(["aws-sigv4", ...args, "--expires-in", "60"], "s");
    const url = (credentials.url ?? "").replace("wss://h", "");
    const login = loginOf(credentials, { openingRequest: { url, headers: { host: "h" } } });
    const provider = verifier("aws-sigv4", { "aws-sigv4  AK -": "s" }, { nowSeconds });
    expect(said(await provider.authenticate(login))).toBe("in as itself");
  });

  test("aliyun-register, and aliyun-token behind it", async () => {
    const args = ["--product", "pk", "--device", "d"];
    const registry = { secretFor: () => "s", tokenFor: () => undefined, tokenOf: () => "token" };
    const provider = verifier("aliyun", { "aliyun pk - -": "ps" }, { registry, registerOverPlainTcp: true });
    const [one, other] = [
      await made(["aliyun-register", ...args], "ps"),
      await made(["aliyun-register", ...args], "ps"),
    ];
    expect(said(await provider.authenticate(loginOf(one)))).toBe("in as pk/d|register");
    expect(one.clientId).not.toBe(other.clientId);
    expect((await made(["aliyun-register", ...args, "--unknown"], "ps")).clientId).toContain(
      "authType=regnwl",
    );
    const back = await made(["aliyun-token", ...args, "--client-id", "c"], "token");
    expect(said(await provider.authenticate(loginOf(back)))).toBe("in as pk/d");
  });
});

describe("the secret", () => {
  const huawei = ["credentials", "huawei", "--device", "d", "--timestamp", "0"];

  test("is the same from everywhere: file, variable, command line, standard input, terminal", async () => {
    const byFile = await martlet([...huawei, "--secret-file", fileOf("geheim\r\n")]);
    expect(byFile.stdout).toMatch(/^client id {3}d_0_0_1970010100\n/);
    expect(await martlet([...huawei, "--secret", "geheim"])).toEqual(byFile);
    expect(await martlet(huawei, "geheim\nnot this\n")).toEqual(byFile);
    const words = huawei.slice(1).join(" ");
    expect(
      await shell(`DEVICE_SECRET=geheim martlet credentials ${words} --secret-env DEVICE_SECRET`),
    ).toEqual(byFile);

    const command = [process.execPath, program, ...huawei].map((word) => `'${word}'`).join(" ");
    const terminal = start("script", ["-qefc", command, "/dev/null"]);
    await terminal.until("device secret: ", () => terminal.stdout.includes("device secret: "));
    terminal.write("geheim\r");
    await terminal.until("it ends", () => !terminal.isRunning);
    const shown = terminal.stdout.replaceAll("\r", "");
    expect(shown).toContain(byFile.stdout);
    expect(shown).not.toContain("geheim");
  });

  test.each([
    [
      "empty",
      [],
      "",
      "martlet: device secret: it is empty; give it on standard input, or with --secret-file.\n",
    ],
    [
      "not there",
      ["--secret-env", "NO_SUCH"],
      "",
      "martlet: NO_SUCH: there is no such variable, or it is empty; it has to hold the device secret.\n",
    ],
    [
      "given twice",
      ["--secret", "a", "--secret-env", "b"],
      "",
      "martlet: --secret-env: it contradicts --secret; give one of them.\n",
    ],
  ])("that is %s", async (_what, args, input, stderr) => {
    expect(await martlet([...huawei, ...args], input)).toEqual({ code: 2, stdout: "", stderr });
  });

  test("in a file that is empty or not there", async () => {
    const path = fileOf("\n");
    expect(await refusal(credentialsCommand, [...huawei.slice(1), "--secret-file", path])).toBe(
      `${path}: it is empty; it has to hold the device secret.`,
    );
    expect(await refusal(credentialsCommand, [...huawei.slice(1), "--secret-file", `${path}.no`])).toMatch(
      /the device secret cannot be read: ENOENT/,
    );
  });
});

describe("what is refused, before a secret is asked for", () => {
  test.each([
    [[], "<cloud>: it is missing; give aliyun, aliyun-register,"],
    [["aliyn"], "aliyn: there is no such cloud. Did you mean aliyun?"],
    [["constructor"], "constructor: there is no such cloud. The clouds are: "],
    [["aliyun", "azure"], "azure: one cloud at a time is enough."],
    [["azure", "--hub", "h"], "--device: it is missing; this cloud needs it."],
    [["huawei", "--device", "d", "--hub", "h"], "--hub: huawei does not have it; it has --device, --host,"],
    [["huawei", "--device", "d", "--device", "e"], "--device: it is given twice."],
    [["huawei", "--device", "d\ne"], "--device: there is a control character in it."],
  ])("%j", async (args, expected) => {
    expect(await refusal(credentialsCommand, args)).toContain(expected);
  });

  test.each([
    [
      ["aliyun", "--product", "p", "--device", "d", "--method", "sha1"],
      '--method: "sha1" is not known here; give hmacsha256, hmacsha1, hmacmd5.',
    ],
    [["onenet", "--product", "p", "--device", "d"], "the key: it is no Base64."],
    [
      ["azure", "--hub", "h", "--device", "d", "--expires-in", "1", "--expires-at", "2"],
      "--expires-at: it contradicts --expires-in; give one of them.",
    ],
    [
      [
        "aws-sigv4",
        "--host",
        "h",
        "--region",
        "r",
        "--client-id",
        "c",
        "--access-key-id",
        "a",
        "--expires-in",
        "604801",
      ],
      "--expires-in: a URL of AWS is good for a week at most, from the time that is signed.",
    ],
    [
      ["google", "--project", "p", "--location", "l", "--registry", "r", "--device", "d"],
      "private key: it is no private key in PEM for RS256.",
    ],
  ])("or, with one, %j", async (args, expected) => {
    expect(await refusal(credentialsCommand, [...args, "--secret", "no key!"])).toBe(expected);
  });
});

test("every option belongs to a cloud, and every cloud has only options that there are", () => {
  const own = new Set(Object.values(cloudRecipes).flatMap(({ needs, allows }) => [...needs, ...allows]));
  const common = ["cloud", "secret", "secret-file", "secret-env", "json"];
  expect([...own, ...common].toSorted()).toEqual(Object.keys(options).toSorted());
});

test("help and completion know it", async () => {
  const help = await martlet(["credentials", "--help"]);
  expect(help.stdout).toContain("Usage: martlet credentials <cloud> [options]");
  expect(help.stdout).toContain("Example: martlet credentials aliyun ");
  const completion = await martlet(["completion", "bash"]);
  const words = completion.stdout.split("    credentials)\n")[1]?.split("    store)")[0];
  expect(words).toContain("--secret-file");
  expect(words).toContain("--connection-id");
});
