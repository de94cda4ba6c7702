// What the verifiers of clouds let in, refuse and pass on, beyond the vectors.
import { describe, expect, test } from "vitest";
import type { Login } from "#auth";
import { type CloudCredentials, type CloudName, cloudCredentials, cloudNames } from "#clouds";
import { keyedHashing, signatures } from "#credentials";
import { ReasonCode } from "#protocol";
import { keyPairs, loginOf, NOW_SECONDS, said, verifier } from "./cloud-logins.ts";

const { BAD_USER_NAME_OR_PASSWORD, NOT_AUTHORIZED } = ReasonCode;
const KEY = "bWFydGxldC1vbmVuZXQtdGVzdC1hY2Nlc3Mta2V5MDE=";
const HOUR_SECONDS = 3_600;
const keys = keyPairs();

const aliyun = cloudCredentials.aliyun(
  { productKey: "pk", deviceName: "dev1", deviceSecret: "top-secret", clientId: "c", timestamp: 789 },
  keyedHashing,
);
const onenet = cloudCredentials.onenet(
  { productId: "p", deviceName: "dev1", key: KEY, expiresAtSeconds: NOW_SECONDS + 60 },
  keyedHashing,
) as CloudCredentials;
const huawei = cloudCredentials.huawei(
  { deviceId: "dev1", secret: "top-secret", atMs: NOW_SECONDS * 1000, isTimeChecked: true },
  keyedHashing,
);
const baidu = cloudCredentials.baidu(
  { coreId: "core1", deviceKey: "dev1", secret: "top-secret", timestamp: NOW_SECONDS },
  keyedHashing,
);
const tencent = cloudCredentials.tencent(
  { productId: "P", deviceName: "dev1", key: KEY, connectionId: "ABCDE", expiresAtSeconds: NOW_SECONDS + 60 },
  keyedHashing,
) as CloudCredentials;
const azure = cloudCredentials.azure(
  { hub: "myhub", deviceId: "dev1", key: KEY, expiresAtSeconds: NOW_SECONDS + 60 },
  keyedHashing,
) as CloudCredentials;
const googleOptions = {
  project: "p",
  location: "l",
  registry: "r",
  deviceId: "dev1",
  privateKeyPem: keys.rsa.privateKey,
  issuedAtSeconds: NOW_SECONDS,
  expiresAtSeconds: NOW_SECONDS + HOUR_SECONDS,
};
const google = cloudCredentials.google(googleOptions, signatures);
const onenetOld = cloudCredentials.onenetOld({ productId: "99", deviceId: "1", authInfo: "top-secret" });

const secrets = {
  "aliyun pk dev1 -": "top-secret",
  "onenet p dev1 -": KEY,
  "onenet-old 99 1 -": "top-secret",
  "huawei  dev1 -": "top-secret",
  "baidu core1 dev1 -": "top-secret",
  "tencent  Pdev1 -": KEY,
  "azure myhub dev1 -": KEY,
  "google projects/p/locations/l/registries/r dev1 -": keys.otherRsa.publicKey + keys.rsa.publicKey,
};
const good: Partial<Record<CloudName, CloudCredentials>> = {
  aliyun,
  onenet,
  "onenet-old": onenetOld,
  huawei,
  baidu,
  tencent,
  azure,
  google,
};
const goodOnes = Object.entries(good) as [CloudName, CloudCredentials][];

async function ask(cloud: CloudName, login: Login, nowSeconds = NOW_SECONDS) {
  return await verifier(cloud, secrets, { nowSeconds }).authenticate(login);
}

describe("each cloud", () => {
  test.each(goodOnes)("%s takes its own and passes on all others", async (cloud, credentials) => {
    expect((await ask(cloud, loginOf(credentials)))?.outcome).toBe("accepted");
    for (const [other, foreign] of goodOnes.filter(([name]) => name !== cloud)) {
      expect(said(await ask(cloud, loginOf(foreign))), other).toBe("none of its business");
    }
    for (const plain of [{ clientId: "c" }, { clientId: "c", userName: "u", password: "p" }]) {
      expect(said(await ask(cloud, loginOf(plain)))).toBe("none of its business");
    }
  });

  test.each(goodOnes)(
    "%s waits for secrets that come later, and rejects with them",
    async (cloud, credentials) => {
      const later = verifier(cloud, secrets, {
        secretOf: async (owner) => Object.entries(secrets).find(([key]) => key.startsWith(owner.cloud))?.[1],
      });
      expect((await later.authenticate(loginOf(credentials)))?.outcome).toBe("accepted");
      const broken = verifier(cloud, {}, { secretOf: () => Promise.reject(new TypeError("no table")) });
      await expect(broken.authenticate(loginOf(credentials))).rejects.toThrow("no table");
    },
  );

  test.each(goodOnes)("%s says nothing of a secret, nor of what was sent", async (cloud, credentials) => {
    const password = credentials.password ?? "";
    const tries = [
      { ...credentials, password: `${password.slice(0, -6)}AAAAAA` },
      { ...credentials, password: "" },
      { ...credentials, keepAliveSeconds: 65_535 },
    ];
    for (const tried of tries) {
      const answer = await ask(cloud, loginOf(tried), NOW_SECONDS + 10 * 24 * HOUR_SECONDS);
      const text = JSON.stringify(answer ?? {});
      expect(text).not.toContain("top-secret");
      expect(text).not.toContain(KEY);
      expect(tried.password !== "" && text.includes(String(tried.password))).toBe(false);
    }
  });

  test.each(goodOnes.filter(([name]) => name !== "onenet-old"))(
    "%s refuses a stranger",
    async (cloud, credentials) => {
      const answer = await verifier(cloud, {}).authenticate(loginOf(credentials));
      expect(answer).toMatchObject({ outcome: "refused", reasonCode: BAD_USER_NAME_OR_PASSWORD });
    },
  );

  test("onenet-old passes on a stranger, who may be others'", async () => {
    expect(await verifier("onenet-old", {}).authenticate(loginOf(onenetOld))).toBeUndefined();
  });

  test("has a name, and there is a verifier for each", () => {
    expect(cloudNames.map((name) => verifier(name, {}).name)).toEqual([...cloudNames]);
  });
});

describe("keep alive", () => {
  const at = async (cloud: CloudName, keepAliveSeconds: number, keepAlive?: "any") => {
    const options = keepAlive === undefined ? {} : { keepAlive };
    const answer = await verifier(cloud, secrets, options).authenticate(
      loginOf({ ...good[cloud], keepAliveSeconds }),
    );
    return answer?.outcome;
  };

  test.each([
    ["aliyun", [30, 1_200], [0, 29, 1_201]],
    ["onenet", [10, 1_800], [0, 9, 1_801]],
    ["huawei", [30, 1_200], [0, 29, 1_201]],
    ["tencent", [0, 900], [901]],
    ["azure", [0, 65_535], []],
    ["baidu", [0, 65_535], []],
  ] as const)("%s: %j is within, %j is not", async (cloud, within, outside) => {
    for (const seconds of within) expect(await at(cloud, seconds), `${seconds} s`).toBe("accepted");
    for (const seconds of outside) {
      expect(await at(cloud, seconds), `${seconds} s`).toBe("refused");
      expect(await at(cloud, seconds, "any"), `${seconds} s`).toBe("accepted");
    }
  });

  test("is explained, but only to who has the secret", async () => {
    const short = { ...aliyun, keepAliveSeconds: 10 };
    expect(await ask("aliyun", loginOf(short))).toMatchObject({
      reasonCode: NOT_AUTHORIZED,
      reason: "the keep alive of 10 is not between 30 and 1200 seconds",
      reasonString: "The keep alive has to be between 30 and 1200 seconds.",
    });
    const stranger = await ask("aliyun", loginOf({ ...short, password: "00".repeat(32) }));
    expect(stranger).toEqual({
      outcome: "refused",
      reasonCode: BAD_USER_NAME_OR_PASSWORD,
      reason: "the signature does not fit the secret of device dev1 of pk",
    });
  });
});

describe("Alibaba Cloud", () => {
  const withId = (clientId: string) => ask("aliyun", loginOf({ ...aliyun, clientId }));

  test("keys that SDKs add change nothing, in any order", async () => {
    const extension = "timestamp=789,_ss=1,_v=sdk-c-3.0.1,signmethod=hmacsha256,ext=3,lan=C,securemode=2";
    expect(said(await withId(`c|${extension}|`))).toBe("in as pk/dev1");
  });

  test.each([
    ["another time stamp", "c|securemode=2,signmethod=hmacsha256,timestamp=790|", /does not fit/],
    ["no time stamp", "c|securemode=2,signmethod=hmacsha256|", /does not fit/],
    ["another client id", "d|securemode=2,signmethod=hmacsha256,timestamp=789|", /does not fit/],
    ["another method", "c|securemode=2,signmethod=hmacsha1,timestamp=789|", /does not fit/],
    ["the method that is meant when none is said", "c|securemode=2,timestamp=789|", /does not fit/],
    ["a method that is none", "c|securemode=2,signmethod=constructor,timestamp=789|", /not known/],
    ["a login of an unknown kind", "c|authType=magic,timestamp=789|", /not known/],
    ["a client id that is too long", `${"c".repeat(65)}|timestamp=789|`, /more than 64/],
    ["registering where that is not offered", "c|authType=register,random=1|", /not offered/],
    ["a token where there are none", "c|authType=connwl|", /no secret/],
    ["a key twice", "c|timestamp=789,timestamp=789|", /none of its business/],
    ["no bars", "c", /none of its business/],
    ["one bar", "c|securemode=2", /none of its business/],
  ])("%s", async (_what, clientId, expected) => {
    expect(said(await withId(clientId))).toMatch(expected);
  });

  test.each(["dev1", "dev1&", "&pk", "dev1&pk&x", ""])("user name %j is not of it", async (userName) => {
    expect(said(await ask("aliyun", loginOf({ ...aliyun, userName })))).toBe("none of its business");
  });

  test.each([undefined, "", "no hex", "abc"])("password %j is refused", async (password) => {
    const answer = await ask("aliyun", { ...loginOf({ ...aliyun }), ...loginOf({ ...aliyun, password }) });
    expect(said(answer)).toMatch(/does not fit/);
  });
});

describe("OneNET", () => {
  const token = (changes: Record<string, string>) => {
    const fields = { ...Object.fromEntries(new URLSearchParams(onenet.password)), ...changes };
    const password = Object.entries(fields)
      .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
      .join("&");
    return ask("onenet", loginOf({ ...onenet, password }));
  };

  test.each([
    ["as it was", {}, /^in as p\/dev1$/],
    ["with a field more", { more: "x" }, /^in as p\/dev1$/],
    ["that ends later", { et: String(NOW_SECONDS + 61) }, /does not fit/],
    ["that never ends", { et: "never" }, /does not say when/],
    ["for another device", { res: "products/p/devices/dev2" }, /is for products\/p\/devices\/dev2/],
    ["for another product", { res: "products/q" }, /is for products\/q/],
    ["for the whole product, signed by a device", { res: "products/p" }, /no secret for the whole group/],
    ["by another method", { method: "sha1" }, /does not fit/],
    ["by a method that is none", { method: "sha512" }, /not known/],
    ["of another version", { version: "2022-05-01" }, /not of version/],
    ["without a signature", { sign: "" }, /does not fit/],
  ])("a token %s", async (_what, changes, expected) => {
    expect(said(await token(changes as Record<string, string>))).toMatch(expected);
  });

  test("a token of another client id, or that is malformed", async () => {
    expect(said(await ask("onenet", loginOf({ ...onenet, clientId: "dev2" })))).toMatch(/is for products/);
    const password = `${onenet.password}&version=x`;
    expect(said(await ask("onenet", loginOf({ ...onenet, password })))).toMatch(/malformed/);
    const bad = `${onenet.password}&x=%zz`;
    expect(said(await ask("onenet", loginOf({ ...onenet, password: bad })))).toMatch(/malformed/);
  });

  test("a secret that is no Base64 lets nobody in", async () => {
    const provider = verifier("onenet", { "onenet p dev1 -": "no base64!" });
    expect(said(await provider.authenticate(loginOf(onenet)))).toMatch(/not of the form that onenet has/);
    expect(
      cloudCredentials.onenet(
        { productId: "p", deviceName: "d", key: "no base64!", expiresAtSeconds: 1 },
        keyedHashing,
      ),
    ).toBeUndefined();
  });
});

describe("times", () => {
  const after = (cloud: CloudName, seconds: number) =>
    ask(cloud, loginOf(good[cloud] ?? {}), NOW_SECONDS + seconds);

  test.each([
    ["huawei", -HOUR_SECONDS, "in as dev1"],
    ["huawei", 2 * HOUR_SECONDS - 1, "in as dev1"],
    ["huawei", 2 * HOUR_SECONDS, "not the present hour"],
    ["huawei", -HOUR_SECONDS - 1, "not the present hour"],
    ["baidu", -300, "in as core1/dev1"],
    ["baidu", -301, "a time to come"],
    ["baidu", 24 * HOUR_SECONDS - 1, "in as core1/dev1"],
    ["baidu", 24 * HOUR_SECONDS, "have expired"],
    ["tencent", 59, "in as Pdev1"],
    ["tencent", 60, "have expired"],
    ["azure", 59, "in as myhub/dev1"],
    ["azure", 60, "have expired"],
    ["google", -600, "in as projects/p/locations/l/registries/r/dev1"],
    ["google", -601, "of a time to come"],
    ["google", HOUR_SECONDS + 599, "in as projects/p/locations/l/registries/r/dev1"],
    ["google", HOUR_SECONDS + 600, "has expired"],
  ] as const)("%s %s seconds later: %s", async (cloud, seconds, expected) => {
    expect(said(await after(cloud, seconds))).toContain(expected);
  });

  test("of Huawei does not count when the device says so", async () => {
    const made = cloudCredentials.huawei({ deviceId: "dev1", secret: "top-secret", atMs: 0 }, keyedHashing);
    expect(made.clientId).toBe("dev1_0_0_1970010100");
    expect(said(await ask("huawei", loginOf(made)))).toBe("in as dev1");
    const claimed = { ...made, clientId: "dev1_0_1_1970010100" };
    expect(said(await ask("huawei", loginOf(claimed)))).toMatch(/not the present hour/);
  });

  test("end connections where the platform does", async () => {
    expect(await after("azure", 0)).toMatchObject({ validForMs: 60_000 });
    expect(await after("google", 0)).toMatchObject({ validForMs: (HOUR_SECONDS + 600) * 1000 });
    expect(await after("tencent", 0)).not.toHaveProperty("validForMs");
  });
});

describe("Baidu, Tencent, Azure", () => {
  test.each([
    ["thingidp@core1|dev1", /is not thingidp@core/],
    ["thingidp@core1|dev1|0|MD5|x", /is not thingidp@core/],
    ["thingidp@core1|dev1|0|md5", /not known/],
    ["thingidp@core1|dev1|0|constructor", /not known/],
    [`thingidp@core1|dev1|${NOW_SECONDS - 1}|SHA256`, /does not fit/],
  ])("Baidu, user name %s", async (userName, expected) => {
    expect(said(await ask("baidu", loginOf({ ...baidu, userName })))).toMatch(expected);
  });

  test("what changes from login to login is not in the user name", async () => {
    expect(await ask("baidu", loginOf(baidu))).toMatchObject({ userName: "thingidp@core1|dev1" });
    expect(await ask("tencent", loginOf(tencent))).toMatchObject({ userName: "Pdev1" });
    expect(await ask("azure", loginOf(azure))).toMatchObject({ userName: "myhub.azure-devices.net/dev1" });
  });

  test("Tencent: a later expiry is not signed, nor is a method that is not known", async () => {
    const userName = (tencent.userName ?? "").replace(/\d+$/, "4102444800");
    expect(said(await ask("tencent", loginOf({ ...tencent, userName })))).toMatch(/does not fit/);
    const password = (tencent.password ?? "").replace(";hmacsha256", ";toString");
    expect(said(await ask("tencent", loginOf({ ...tencent, password })))).toMatch(/not known/);
    const made = cloudCredentials.tencent(
      {
        productId: "P",
        deviceName: "dev1",
        key: KEY,
        connectionId: "ABCDE",
        expiresAtSeconds: NOW_SECONDS + 60,
        method: "hmacsha1",
      },
      keyedHashing,
    );
    expect(said(await ask("tencent", loginOf(made ?? {})))).toBe("in as Pdev1");
  });

  test("Azure: the signature of one device lets in no other", async () => {
    const changed = { ...azure, clientId: "dev2", userName: azure.userName?.replace("dev1", "dev2") };
    expect(said(await ask("azure", loginOf(changed)))).toMatch(/for something else/);
    expect(said(await ask("azure", loginOf({ ...azure, clientId: "dev2" })))).toMatch(/of another one/);
    const others = verifier("azure", { ...secrets, "azure myhub dev1 -": "AAAA" });
    expect(said(await others.authenticate(loginOf(azure)))).toMatch(/does not fit/);
  });

  test("Azure: modules have keys of their own, and certificates no password", async () => {
    const made = cloudCredentials.azure(
      { hub: "MyHub", deviceId: "dev1", moduleId: "m", key: KEY, expiresAtSeconds: NOW_SECONDS + 60 },
      keyedHashing,
    );
    expect(made?.clientId).toBe("dev1/m");
    const withModule = verifier("azure", { "azure myhub dev1/m -": KEY });
    expect(said(await withModule.authenticate(loginOf(made ?? {})))).toBe("in as myhub/dev1/m");
    const bare = loginOf({ ...azure, password: "" });
    expect(said(await ask("azure", bare))).toBe("none of its business");
  });
});

describe("a user name that nothing proves", () => {
  test.each(goodOnes)("is none at %s", async (cloud, credentials) => {
    const answer = await ask(cloud, loginOf({ ...credentials, userName: "admin" }));
    // Who gets in by something else is known by that.
    const knownAs = answer?.outcome === "accepted" ? (answer.userName ?? "admin") : "nobody";
    expect(knownAs).not.toBe("admin");
  });

  test("is none at Google, where CONNECT has any", async () => {
    const known = "projects/p/locations/l/registries/r/dev1";
    for (const userName of ["admin", "unused", undefined]) {
      const login = loginOf(google, { userName });
      expect(await ask("google", login)).toMatchObject({ outcome: "accepted", userName: known });
    }
  });

  test("Azure: a hub has one name, however it is written", async () => {
    for (const host of ["myhub", "MYHUB.azure-devices.net", "MyHub.Azure-Devices.net"]) {
      const userName = `${host}/dev1/?api-version=1`;
      const expiry = String(NOW_SECONDS + 60);
      const address = encodeURIComponent(`${host}/devices/dev1`);
      const signed = new TextEncoder().encode(`${address}\n${expiry}`);
      const key = Uint8Array.from(atob(KEY), (character) => character.charCodeAt(0));
      const sign = encodeURIComponent(btoa(String.fromCharCode(...keyedHashing.hmac("sha256", key, signed))));
      const password = `SharedAccessSignature sr=${address}&sig=${sign}&se=${expiry}`;
      const answer = await ask("azure", loginOf({ clientId: "dev1", userName, password }));
      expect(answer).toMatchObject({ outcome: "accepted", userName: "myhub.azure-devices.net/dev1" });
    }
  });
});

describe("Google", () => {
  const make = (changes: Partial<Parameters<typeof cloudCredentials.google>[0]>) =>
    cloudCredentials.google({ ...googleOptions, ...changes }, signatures);

  test("ES256 as well, and each with its own kind of key only", async () => {
    const made = make({ algorithm: "ES256", privateKeyPem: keys.ec.privateKey });
    const owner = "google projects/p/locations/l/registries/r dev1 -";
    const withEc = verifier("google", { [owner]: keys.ec.publicKey });
    expect(said(await withEc.authenticate(loginOf(made)))).toMatch(/^in as/);
    expect(said(await ask("google", loginOf(made)))).toMatch(/does not fit the key/);
    expect(() => make({ algorithm: "ES256" })).toThrow(/no private key in PEM for ES256/);
  });

  test.each([
    ["for more than a day", { expiresAtSeconds: NOW_SECONDS + 24 * HOUR_SECONDS + 1 }, /more than a day/],
    ["signed by another", { privateKeyPem: keys.ec.privateKey, algorithm: "ES256" } as const, /does not fit/],
  ])("a token %s", async (_what, changes, expected) => {
    expect(said(await ask("google", loginOf(make(changes))))).toMatch(expected);
  });

  test("a token for another project, of another algorithm, and what is no token", async () => {
    const foreign = { ...make({ project: "q" }), clientId: google.clientId };
    expect(said(await ask("google", loginOf(foreign)))).toMatch(/not for project p/);
    const [, body, tail] = (google.password ?? "").split(".");
    for (const alg of ["none", "HS256"]) {
      const head = Buffer.from(JSON.stringify({ alg })).toString("base64url");
      const answer = await ask("google", loginOf({ ...google, password: `${head}.${body}.${tail}` }));
      expect(said(answer)).toMatch(/not signed with/);
    }
    for (const password of ["", "a.b.c", "e30.e30", "e30.e30.AA.AA", "W10.e30.AA"]) {
      expect(said(await ask("google", loginOf({ ...google, password })))).toMatch(/is no JWT/);
    }
  });
});

describe("AWS, custom authoriser", () => {
  const token = { key: "tokenKey", value: "a token/1", privateKeyPem: keys.rsa.privateKey };
  const common = { host: "h", clientId: "c", authorizer: "mine" };
  const made = cloudCredentials.awsAuthorizer({ ...common, userName: "me", token }, signatures);
  const known = { tokenKey: "tokenKey", publicKeys: [keys.otherRsa.publicKey, keys.rsa.publicKey] };
  const aws = (authorizer: object = known) =>
    verifier(
      "aws-authorizer",
      {},
      {
        authorizerOf: (name) => (name === "mine" ? { ...known, ...authorizer } : undefined),
      },
    );
  const fields = new URLSearchParams((made.userName ?? "").split("?")[1]);
  const signature = fields.get("x-amz-customauthorizer-signature") ?? "";

  test("behind the user name, which loses it", async () => {
    expect(made).toMatchObject({ alpn: "mqtt", url: "mqtts://h:443", clientId: "c" });
    expect(await aws().authenticate(loginOf(made))).toEqual({
      outcome: "accepted",
      userName: "mine",
      claims: { cloud: "aws-authorizer", authorizer: "mine" },
    });
    const unnamed = cloudCredentials.awsAuthorizer({ ...common, token }, signatures);
    expect(await aws().authenticate(loginOf(unnamed))).toMatchObject({ userName: "mine" });
  });

  test("in the query or the headers of the request that opens a WebSocket", async () => {
    const query = (made.userName ?? "").replace("me?", "/mqtt?");
    const byQuery = {
      url: query.replace("x-amz-customauthorizer-name", "X-Amz-CustomAuthorizer-Name"),
      headers: {},
    };
    const headers = {
      "x-amz-customauthorizer-name": "mine",
      "x-amz-customauthorizer-signature": signature,
      tokenkey: token.value,
    };
    for (const openingRequest of [byQuery, { url: "/mqtt", headers }]) {
      const answer = await aws().authenticate(loginOf({ clientId: "c" }, { openingRequest }));
      expect(answer?.outcome).toBe("accepted");
    }
    const unsigned = { url: "/mqtt", headers: { ...headers, tokenkey: "another" } };
    const answer = await aws().authenticate(loginOf({ clientId: "c" }, { openingRequest: unsigned }));
    expect(said(answer)).toMatch(/is not signed for authoriser mine/);
  });

  test.each([
    ["another token", { tokenKey: "b" }, /is not signed/],
    ["no token", { tokenKey: undefined }, /brings no tokenKey/],
    ["no signature", { "x-amz-customauthorizer-signature": undefined }, /is not signed/],
    ["an authoriser that is not there", { "x-amz-customauthorizer-name": "theirs" }, /no authoriser theirs/],
  ])("%s", async (_what, changes, expected) => {
    const all = Object.entries({ ...Object.fromEntries(fields), ...changes });
    const query = all
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
    const answer = await aws().authenticate(loginOf({ clientId: "c", userName: `me?${query.join("&")}` }));
    expect(said(answer)).toMatch(expected);
    expect(JSON.stringify(answer)).not.toContain(signature);
  });

  test("fields that are malformed are refused, as they are meant for it", async () => {
    const userName = "me?x-amz-customauthorizer-name=mine&a=%zz";
    expect(said(await aws().authenticate(loginOf({ clientId: "c", userName })))).toMatch(/malformed/);
    expect(said(await aws().authenticate(loginOf({ clientId: "c", userName: "what?" })))).toBe(
      "none of its business",
    );
  });

  test("a decision has the last word, and the only one where signing is off", async () => {
    const asked: unknown[] = [];
    const decide = ({ token: brought, userName }: { token?: string; userName?: string }) => {
      asked.push([brought, userName]);
      return { outcome: "accepted", clientId: "other", claims: { groups: ["g"], cloud: "forged" } } as const;
    };
    expect(await aws({ decide }).authenticate(loginOf(made))).toEqual({
      outcome: "accepted",
      userName: "me",
      clientId: "other",
      claims: { groups: ["g"], cloud: "aws-authorizer", authorizer: "mine" },
    });
    const refusing = {
      publicKeys: [],
      decide: async () => ({ outcome: "refused", reasonCode: 0x87, reason: "no" }),
    };
    expect(said(await aws(refusing).authenticate(loginOf(made)))).toBe("no");
    expect(said(await aws({ publicKeys: [] }).authenticate(loginOf(made)))).toMatch(
      /neither a public key nor/,
    );
    expect(asked).toEqual([["a token/1", "me"]]);
  });
});

describe("AWS, signed URLs", () => {
  const secretAccessKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
  const options = {
    host: "h:8443",
    region: "us-east-1",
    clientId: "c",
    accessKeyId: "AKID",
    secretAccessKey,
  };
  const made = cloudCredentials.awsUrl(
    { ...options, atMs: NOW_SECONDS * 1000, expiresSeconds: 60 },
    keyedHashing,
  );
  const open = async (url: string, { host = "h:8443", nowSeconds = NOW_SECONDS } = {}) => {
    const openingRequest = { url: url.replace("wss://h:8443", ""), headers: { host } };
    const provider = verifier("aws-sigv4", { "aws-sigv4  AKID -": secretAccessKey }, { nowSeconds });
    return said(await provider.authenticate(loginOf({ clientId: "c" }, { openingRequest })));
  };
  const url = made.url ?? "";

  test("its key says who it is, and not its CONNECT", async () => {
    const openingRequest = { url: url.replace("wss://h:8443", ""), headers: { host: "h:8443" } };
    const provider = verifier("aws-sigv4", { "aws-sigv4  AKID -": secretAccessKey });
    const login = loginOf({ clientId: "c", userName: "admin" }, { openingRequest });
    expect(await provider.authenticate(login)).toMatchObject({ outcome: "accepted", userName: "AKID" });
  });

  test.each([
    ["as it is", url, {}, /^in as itself$/],
    ["for another host", url, { host: "i" }, /does not fit/],
    ["for another path", url.replace("/mqtt", "/other"), {}, /does not fit/],
    ["of another region", url.replace("us-east-1", "us-east-2"), {}, /does not fit/],
    ["of another service", url.replace("iotdevicegateway", "iotdata"), {}, /not signed as one for MQTT/],
    ["by somebody else", url.replace("AKID", "AKIE"), {}, /no secret for device AKIE/],
    ["for more than a week", url.replace("Expires=60", "Expires=604801"), {}, /not signed as one for MQTT/],
    ["of a day that is not its own", url.replace("20260101%2F", "20260102%2F"), {}, /not signed as one/],
    ["without its time", url.replace(/X-Amz-Date=\w+/, "X-Amz-Date=x"), {}, /not signed as one/],
    ["before it has expired", url, { nowSeconds: NOW_SECONDS + 59 }, /^in as itself$/],
    ["when it has expired", url, { nowSeconds: NOW_SECONDS + 60 }, /have expired/],
    ["long before its time", url, { nowSeconds: NOW_SECONDS - 301 }, /a time to come/],
    ["with something that is signed twice", `${url}&X-Amz-Date=x`, {}, /none of its business/],
    ["that is another one", "/mqtt?token=x", {}, /none of its business/],
    ["without a query", "/mqtt", {}, /none of its business/],
  ])("a URL %s", async (_what, tried, where, expected) => {
    expect(await open(tried, where)).toMatch(expected);
  });

  test("temporary keys append their token", async () => {
    const withToken = cloudCredentials.awsUrl(
      { ...options, atMs: NOW_SECONDS * 1000, expiresSeconds: 60, sessionToken: "a/b+c==" },
      keyedHashing,
    );
    expect(withToken.url).toBe(`${url}&X-Amz-Security-Token=a%2Fb%2Bc%3D%3D`);
    expect(await open(withToken.url ?? "")).toBe("in as itself");
  });
});
