// Every published or computed vector of the clouds' logins: the maker writes it, and the verifier takes it.
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { utf8Encode } from "#base";
import { type CloudCredentials, type CloudName, cloudCredentials } from "#clouds";
import { keyedHashing } from "#credentials";
import { awsCanonicalRequest, awsQuery, awsSignature, awsSigningKey } from "../../src/clouds/aws-sigv4.ts";
import { hexOf } from "../../src/clouds/encodings.ts";
import { loginOf, NOW_SECONDS, said, verifier } from "./cloud-logins.ts";

const KEY = "bWFydGxldC1vbmVuZXQtdGVzdC1hY2Nlc3Mta2V5MDE=";
const SAMPLE_KEY = "KuF3NT/jUBJ62LNBB/A8XZA9CqS3Cu79B/ABmfA1UCw=";

/** Lets in what the maker made, and nothing of which one letter differs. */
async function takes(
  cloud: CloudName,
  secrets: Readonly<Record<string, string>>,
  credentials: CloudCredentials | undefined,
  nowSeconds = NOW_SECONDS,
): Promise<string> {
  const provider = verifier(cloud, secrets, { nowSeconds });
  if (credentials?.password === undefined) throw new TypeError("no credentials");
  const { password } = credentials;
  const at = password.search(/[0-9a-f]{8}/i) + 3;
  const wrong = `${password.slice(0, at)}${password[at] === "0" ? "1" : "0"}${password.slice(at + 1)}`;
  const refused = await provider.authenticate(loginOf({ ...credentials, password: wrong }));
  expect(refused?.outcome, wrong).toBe("refused");
  return said(await provider.authenticate(loginOf(credentials)));
}

describe("Alibaba Cloud", () => {
  const secrets = { "aliyun pk device -": "secret", "aliyun 1234 5678 -": "secret" };
  const sample = { clientId: "12345", deviceName: "device", productKey: "pk", timestamp: 789 };
  const shaped = { clientId: "abc", deviceName: "5678", productKey: "1234", timestamp: 120 };
  const bare = { clientId: "abc", deviceName: "5678", productKey: "1234" };

  test.each([
    ["hmacsha1", sample, "FAFD82A3D602B37FB0FA8B7892F24A477F851A14"],
    ["hmacmd5", sample, "14B198324FE55E1D3C88F2E705E201EE"],
    ["hmacsha256", sample, "6074A46A91B1EBB2CC4EA42790AD0E80202C9843859FC292E57C4EB19FAD9E57"],
    ["hmacsha1", shaped, "712AB6337283B19C8003AE6B13C79AE4B38E1C15"],
    ["hmacmd5", shaped, "DC637E714C151AD954268A46F56AEA14"],
    ["hmacsha256", shaped, "62FA7B2D62B30E74BD840381D84B502CD4521C364562686762C35728ED8BCF26"],
    ["hmacsha1", bare, "8EF67A9B60C737A1E92DE9C63C2C073FCF53AA87"],
  ] as const)("one secret for each device, %s", async (method, device, password) => {
    const made = cloudCredentials.aliyun(
      { ...device, deviceSecret: "secret", method, secureMode: 3 },
      keyedHashing,
    );
    const time = "timestamp" in device ? `,timestamp=${device.timestamp}` : "";
    expect(made).toMatchObject({
      clientId: `${device.clientId}|securemode=3,signmethod=${method}${time}|`,
      userName: `${device.deviceName}&${device.productKey}`,
      password,
    });
    const id = `in as ${device.productKey}/${device.deviceName}`;
    expect(await takes("aliyun", secrets, made)).toBe(id);
    expect(await takes("aliyun", secrets, { ...made, password: password.toLowerCase() })).toBe(id);
  });

  test.each([
    ["hmacmd5", "865EC514BB0DB80AAF2EB8BFB3D10C9C"],
    ["hmacsha1", "9B966A828B5B9561FC147D00682085C06E3E20EA"],
    ["hmacsha256", "F8B0D52466C5E9ED101603881E2627E4D9FA482F94A454F987EA6681994C8FA4"],
  ] as const)("one secret for each product, %s", async (method, password) => {
    const device = {
      productKey: "pk",
      deviceName: "sensor-1",
      random: "123",
      productSecret: "productsecret",
    };
    const made = cloudCredentials.aliyunRegistration({ ...device, method }, keyedHashing);
    expect(made.password).toBe(password);
    expect(made.clientId).toBe(`sensor-1.pk|securemode=2,authType=register,random=123,signmethod=${method}|`);
    const provider = verifier(
      "aliyun",
      { "aliyun pk - -": "productsecret" },
      { registry: { secretFor: () => "new" }, registerOverPlainTcp: true },
    );
    expect(said(await provider.authenticate(loginOf(made)))).toBe("in as pk/sensor-1|register");
  });
});

describe("OneNET", () => {
  test.each([
    [SAMPLE_KEY, "products/123123", "sha1", "lsaPSiiGvEFFjXu5WU7a6IkScqE="],
    [SAMPLE_KEY, "products/123123", "md5", "M3jB6jcSNUuGcvW3dFcrWA=="],
    [SAMPLE_KEY, "products/123123", "sha256", "tuFMd8Cc5krZO+RiNaW4mad5tauSFq2J89Gd70MXQPI="],
    [KEY, "products/123123/devices/mydev", "md5", "aiD+5sh9Kk9+tWwLgMhOEw=="],
    [KEY, "products/123123/devices/mydev", "sha1", "l774P0TgaEOzE9rlZc3vzdRKFk8="],
    [KEY, "products/123123/devices/mydev", "sha256", "0wROCB/F+U/Tyt4Ro1hpWLutaAI6dBorg4M7J4w8KQ8="],
  ] as const)("token, %s %s %s", async (key, resource, method, sign) => {
    const isProductKey = !resource.includes("devices");
    const made = cloudCredentials.onenet(
      {
        productId: "123123",
        deviceName: "mydev",
        key,
        isProductKey,
        expiresAtSeconds: 1_537_255_523,
        method,
      },
      keyedHashing,
    );
    const [res, encoded] = [resource, sign].map(encodeURIComponent);
    expect(made).toMatchObject({
      clientId: "mydev",
      userName: "123123",
      password: `version=2018-10-31&res=${res}&et=1537255523&method=${method}&sign=${encoded}`,
    });
    const secrets = { [isProductKey ? "onenet 123123 - -" : "onenet 123123 mydev -"]: key };
    const provider = (nowSeconds: number) => verifier("onenet", secrets, { nowSeconds });
    const login = loginOf(made ?? {});
    expect(said(await provider(1_537_255_522).authenticate(login))).toBe("in as 123123/mydev");
    expect(said(await provider(1_537_255_524).authenticate(login))).toMatch(/have expired 1 seconds ago/);
  });

  test("the whole token, letter for letter", () => {
    const made = cloudCredentials.onenet(
      { productId: "123123", deviceName: "mydev", key: KEY, expiresAtSeconds: 1_537_255_523, method: "md5" },
      keyedHashing,
    );
    expect(made?.password).toBe(
      "version=2018-10-31&res=products%2F123123%2Fdevices%2Fmydev&et=1537255523&method=md5&sign=aiD%2B5sh9Kk9%2BtWwLgMhOEw%3D%3D",
    );
  });

  test("the older service", async () => {
    const made = cloudCredentials.onenetOld({ productId: "99", deviceId: "4711", authInfo: "a0b1c2d3e4" });
    expect(made).toMatchObject({ clientId: "4711", userName: "99", password: "a0b1c2d3e4" });
    expect(await takes("onenet-old", { "onenet-old 99 4711 -": "a0b1c2d3e4" }, made)).toBe("in as 99/4711");
    expect(await takes("onenet-old", { "onenet-old 99 - -": "a0b1c2d3e4" }, made)).toBe("in as 99/4711");
  });
});

test("Huawei IoTDA", async () => {
  const atMs = Date.UTC(2025, 3, 14, 1, 59, 59);
  const made = cloudCredentials.huawei({ deviceId: "dev1", secret: "12345678", atMs }, keyedHashing);
  expect(made).toMatchObject({
    clientId: "dev1_0_0_2025041401",
    userName: "dev1",
    password: "c75150e6cb841417396819e4d2ee4358a416344a03a083e3a8567074ddec820a",
  });
  expect(await takes("huawei", { "huawei  dev1 -": "12345678" }, made)).toBe("in as dev1");
});

test.each([
  ["MD5", "2dad7ad9600a5173be6c7d56efc85945"],
  ["SHA256", "da65387ce34f7d85441b1303ac89c1b69c8bf45bec6c95299633b233dcac80ba"],
] as const)("Baidu IoT Core, %s", async (algorithm, password) => {
  const device = { coreId: "core1", deviceKey: "dev1", secret: "secret", algorithm };
  const made = cloudCredentials.baidu(device, keyedHashing);
  expect(made).toMatchObject({ userName: `thingidp@core1|dev1|0|${algorithm}`, password });
  expect(await takes("baidu", { "baidu core1 dev1 -": "secret" }, made)).toBe("in as core1/dev1");
});

test("Tencent IoT Hub", async () => {
  const key = "bWFydGxldC10ZXN0LXBzaw==";
  const device = { productId: "PRODUCT1", deviceName: "dev1", key, connectionId: "ABCDE" };
  const made = cloudCredentials.tencent({ ...device, expiresAtSeconds: 4_102_444_800 }, keyedHashing);
  expect(made).toMatchObject({
    clientId: "PRODUCT1dev1",
    userName: "PRODUCT1dev1;12010126;ABCDE;4102444800",
    password: "cd33d731f609297d9fc988f7ca44eabda9b88ddd6e3de811ad54e9e3864fa7da;hmacsha256",
  });
  expect(await takes("tencent", { "tencent  PRODUCT1dev1 -": key }, made)).toBe("in as PRODUCT1dev1");
});

describe("Azure IoT Hub", () => {
  const device = { hub: "myhub", deviceId: "dev1", key: KEY, expiresAtSeconds: 1_767_225_600 };

  test.each([
    [
      undefined,
      "SharedAccessSignature sr=myhub.azure-devices.net%2Fdevices%2Fdev1&sig=5TDHwlmp61uUIaEDvc667AphoXlpn1kUhDcR%2BKvbMJo%3D&se=1767225600",
    ],
    [
      "device",
      "SharedAccessSignature sr=myhub.azure-devices.net&sig=pB7tLgwUTvA%2BzYpRtHT%2B9eJL5dZ4AToViKj8gupyXVg%3D&se=1767225600&skn=device",
    ],
  ])("policy %s", async (policy, password) => {
    const made = cloudCredentials.azure({ ...device, policy }, keyedHashing);
    expect(made).toMatchObject({
      clientId: "dev1",
      userName: "myhub.azure-devices.net/dev1/?api-version=2021-04-12",
      password,
    });
    const secrets = { [policy === undefined ? "azure myhub dev1 -" : "azure myhub - device"]: KEY };
    const early = verifier("azure", secrets, { nowSeconds: NOW_SECONDS - 90 });
    expect(await early.authenticate(loginOf(made ?? {}))).toEqual({
      outcome: "accepted",
      clientId: "myhub/dev1",
      userName: "myhub.azure-devices.net/dev1",
      validForMs: 90_000,
      claims: { cloud: "azure", group: "myhub", device: "dev1" },
    });
    const late = verifier("azure", secrets);
    expect(said(await late.authenticate(loginOf(made ?? {})))).toMatch(/have expired/);
  });
});

describe("AWS, Signature Version 4", () => {
  const secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

  test("the signing key", () => {
    const key = awsSigningKey(secret, { day: "20150830", region: "us-east-1", service: "iam" }, keyedHashing);
    expect(hexOf(key)).toBe("c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
  });

  test("the sample of S3", () => {
    const request = {
      host: "examplebucket.s3.amazonaws.com",
      path: "/test.txt",
      region: "us-east-1",
      service: "s3",
      accessKeyId: "AKIAIOSFODNN7EXAMPLE",
      date: "20130524T000000Z",
      expiresSeconds: 86_400,
      payloadHash: "UNSIGNED-PAYLOAD",
    };
    const sampleSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    expect(hexOf(awsSignature(request, awsQuery(request), sampleSecret, keyedHashing))).toBe(
      "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
    );
  });

  test("a URL of IoT Core, and its login", async () => {
    const host = "example-ats.iot.us-east-1.amazonaws.com";
    const request = {
      host,
      path: "/mqtt",
      region: "us-east-1",
      service: "iotdevicegateway",
      accessKeyId: "AKIDEXAMPLE",
      date: "20260102T030405Z",
      expiresSeconds: 86_400,
    };
    const canonical = awsCanonicalRequest(request, awsQuery(request), keyedHashing);
    expect(createHash("sha256").update(canonical).digest("hex")).toBe(
      "9ac2e816ff42f5a525c776336ed5eb79e228db7baf21c66d896f297c9f941b3f",
    );
    const atMs = Date.UTC(2026, 0, 2, 3, 4, 5);
    const made = cloudCredentials.awsUrl(
      { host, region: "us-east-1", clientId: "c", accessKeyId: "AKIDEXAMPLE", secretAccessKey: secret, atMs },
      keyedHashing,
    );
    const signature = "a16d3cc152ad8ee48e57fc85e896221ca1284ac84c7b7ceeb7def7de7a446175";
    expect(made.url).toBe(`wss://${host}/mqtt?${awsQuery(request)}&X-Amz-Signature=${signature}`);

    const provider = verifier(
      "aws-sigv4",
      { "aws-sigv4  AKIDEXAMPLE -": secret },
      { nowSeconds: atMs / 1000 },
    );
    const openWith = (query: string) => {
      const openingRequest = { url: `/mqtt?${query}`, headers: { host } };
      return provider.authenticate(loginOf({ clientId: "c" }, { openingRequest }));
    };
    const query = (made.url ?? "").split("?")[1] ?? "";
    expect(said(await openWith(query))).toBe("in as itself");
    expect(said(await openWith(`${query}&X-Amz-Security-Token=abc%2F`))).toBe("in as itself");
    expect(said(await openWith(query.split("&").toReversed().join("&")))).toBe("in as itself");
    expect(said(await openWith(query.replace("Expires=86400", "Expires=86401")))).toMatch(/does not fit/);
    expect(said(await openWith(`${query}&more=1`))).toMatch(/does not fit/);
  });
});

test("hashes come as the ports say", () => {
  expect(hexOf(keyedHashing.hash("sha256", new Uint8Array(0)))).toBe(
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  );
  // RFC 2202, test case 2.
  expect(
    hexOf(keyedHashing.hmac("md5", utf8Encode("Jefe"), utf8Encode("what do ya want for nothing?"))),
  ).toBe("750c783e6ab0b503eaa86e310a5db738");
});
