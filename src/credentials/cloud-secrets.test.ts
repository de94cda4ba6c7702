import { describe, expect, test } from "vitest";
import { ConfigError } from "#base";
import { parseCloudSecrets } from "./cloud-secrets.ts";

const whole = `# All kinds.
[[device]]
cloud = "aliyun"
product_key = "pk"
device_name = "dev1"
secret = "s1"

[[product]]
cloud = "aliyun"
product_key = "pk"
secret = "s2"

[[device]]
cloud = "onenet"
product_id = "1"
device_name = "dev1"
secret = "czM="

[[product]]
cloud = "onenet"
product_id = "1"
secret = "czQ="

[[device]]
cloud = "onenet-old"
product_id = "1"
device_id = "2"
secret = "s5"

[[product]]
cloud = "onenet-old"
product_id = "1"
secret = "s6"

[[device]]
cloud = "huawei"
device_id = "dev1"
secret = "s7"

[[device]]
cloud = "baidu"
core_id = "core1"
device_key = "dev1"
secret = "s8"

[[device]]
cloud = "tencent"
product_id = "P"
device_name = "dev1"
secret = "czk="

[[device]]
cloud = "azure"
hub = "MyHub"
device_id = "dev1"
secret = "czEw"

[[device]]
cloud = "azure"
hub = "myhub"
device_id = "dev1"
module_id = "m"
secret = "czEx"

[[policy]]
cloud = "azure"
hub = "myhub"
policy = "device"
secret = "czEy"

[[device]]
cloud = "aws-sigv4"
access_key_id = "AKID"
secret = "s13"

[[device]]
cloud = "google"
project = "p"
location = "l"
registry = "r"
device_id = "dev1"
public_key = """
-----BEGIN PUBLIC KEY-----
secret = "not this line"
-----END PUBLIC KEY-----
"""

[[authorizer]]
name = "mine"
token_key = "t"
public_keys = ["pem"]
`;

describe("a file of secrets", () => {
  const secrets = parseCloudSecrets(whole, "clouds.toml");

  test.each([
    ["s1", { cloud: "aliyun", group: "pk", device: "dev1" }],
    ["s2", { cloud: "aliyun", group: "pk" }],
    ["czM=", { cloud: "onenet", group: "1", device: "dev1" }],
    ["czQ=", { cloud: "onenet", group: "1" }],
    ["s5", { cloud: "onenet-old", group: "1", device: "2" }],
    ["s6", { cloud: "onenet-old", group: "1" }],
    ["s7", { cloud: "huawei", group: "", device: "dev1" }],
    ["s8", { cloud: "baidu", group: "core1", device: "dev1" }],
    ["czk=", { cloud: "tencent", group: "", device: "Pdev1" }],
    ["czEw", { cloud: "azure", group: "myhub", device: "dev1" }],
    ["czEx", { cloud: "azure", group: "myhub", device: "dev1/m" }],
    ["czEy", { cloud: "azure", group: "myhub", policy: "device" }],
    ["s13", { cloud: "aws-sigv4", group: "", device: "AKID" }],
    [undefined, { cloud: "aliyun", group: "pk", device: "dev2" }],
    [undefined, { cloud: "aliyun", group: "pk", device: "" }],
    [undefined, { cloud: "baidu", group: "pk", device: "dev1" }],
    [undefined, { cloud: "azure", group: "myhub", device: "device" }],
  ] as const)("knows %s", (secret, owner) => {
    expect(secrets.secretOf(owner)).toBe(secret);
  });

  test("knows keys, authorisers, and which clouds there are", () => {
    const owner = { cloud: "google", group: "projects/p/locations/l/registries/r", device: "dev1" } as const;
    expect(secrets.secretOf(owner)).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
    expect(secrets.authorizerOf("mine")).toEqual({ tokenKey: "t", publicKeys: ["pem"] });
    expect(secrets.authorizerOf("constructor")).toBeUndefined();
    expect([...secrets.clouds].toSorted()).toEqual([
      "aliyun",
      "aws-authorizer",
      "aws-sigv4",
      "azure",
      "baidu",
      "google",
      "huawei",
      "onenet",
      "onenet-old",
      "tencent",
    ]);
    expect(parseCloudSecrets("", "clouds.toml").clouds.size).toBe(0);
  });
});

const device = (lines: string): string =>
  `# first\n[[device]]\ncloud = "aliyun"\nproduct_key = "pk"\n${lines}`;
const ok = 'device_name = "d"\nsecret = "hidden"\n';

test.each([
  ["a key too few", device('secret = "hidden"\n'), "clouds.toml:2: device_name: it is missing."],
  [
    "a key too many",
    device(`${ok}devicename = "x"\n`),
    "clouds.toml:7: devicename: there is no such key here; there are cloud, product_key, device_name, secret.",
  ],
  [
    "a number",
    device('device_name = 7\nsecret = "hidden"\n'),
    "clouds.toml:5: device_name: it is no text; put it in quotes.",
  ],
  ["nothing", device('device_name = "d"\nsecret = ""\n'), "clouds.toml:6: secret: it is empty."],
  [
    "a cloud that is none",
    '[[device]]\n\ncloud = "alyun"\n',
    'clouds.toml:3: cloud: "alyun" is not allowed; give aliyun, onenet, onenet-old, huawei, baidu, tencent, azure, aws-sigv4, google.',
  ],
  [
    "a product where there are none",
    '[[product]]\ncloud = "constructor"\n',
    'clouds.toml:2: cloud: "constructor" is not allowed; give aliyun, onenet, onenet-old.',
  ],
  ["no cloud", "[[device]]\n", "clouds.toml:1: cloud: it is missing."],
  [
    "the same twice",
    device(ok) + device(ok).replace("# first\n", "\n"),
    "clouds.toml:11: device_name: its secret stands further up already.",
  ],
  [
    "no Base64",
    '[[policy]]\ncloud = "azure"\nhub = "h"\npolicy = "p"\n"secret" = "hidden!"\n',
    "clouds.toml:5: secret: it is no Base64.",
  ],
  [
    "another table",
    `${device(ok)}[[devices]]\ncloud = "aliyun"\n`,
    "clouds.toml:7: devices: it is not known here; write [[device]], [[product]], [[policy]] or [[authorizer]].",
  ],
  [
    "a table with single brackets",
    '[device]\ncloud = "aliyun"\n',
    "clouds.toml:1: device: it is not known here; write [[device]], [[product]], [[policy]] or [[authorizer]].",
  ],
  [
    "an authoriser without keys",
    '[[authorizer]]\nname = "a"\ntoken_key = "t"\npublic_keys = []\n',
    "clouds.toml:4: public_keys: it has to be a list of texts.",
  ],
  [
    "no TOML",
    device('device_name = "d"\nsecret = "hidden\n'),
    expect.stringMatching(/^clouds\.toml:6: it is no TOML: [^\n]+\.$/),
  ],
] as const)("a file with %s is refused at its line, without the secret", (_what, text, message) => {
  const said = messageOf(() => parseCloudSecrets(text, "clouds.toml"));
  expect([said]).toEqual([message]);
  expect(said).not.toContain("hidden");
});

/** Of the ConfigError that has to come. */
function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new TypeError("nothing is refused");
}
