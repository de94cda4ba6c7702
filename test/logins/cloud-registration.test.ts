// Devices of Alibaba Cloud that begin with the secret of their product: what they are told, and how they come back with it.
import { describe, expect, test } from "vitest";
import { utf8Decode } from "#base";
import { type AliyunRegistry, type CloudAccepted, cloudCredentials } from "#clouds";
import { keyedHashing } from "#credentials";
import { loginOf, said, verifier } from "./cloud-logins.ts";

const device = { productKey: "pk", deviceName: "sensor-1" };
const known = { ...device, productSecret: "productsecret", random: "123", instanceId: "iot-1" };
const unknown = { ...known, isPreRegistered: false };

/** Gives a secret or a token once, as the platform does. */
class Registry implements AliyunRegistry {
  readonly #given = new Map<string, string>();

  secretFor({ productKey, deviceName }: { productKey: string; deviceName: string }): string | undefined {
    const name = `${productKey} ${deviceName}`;
    if (this.#given.has(name) || deviceName === "spare") return undefined;
    this.#given.set(name, "device-secret");
    return "device-secret";
  }

  async tokenFor({ deviceName }: { deviceName: string }) {
    if (deviceName === "spare") return undefined;
    this.#given.set("client-7", "device-token");
    return { clientId: "client-7", deviceToken: "device-token" };
  }

  tokenOf({ deviceName }: { deviceName: string }, clientId: string): string | undefined {
    return deviceName === "sensor-1" ? this.#given.get(clientId) : undefined;
  }
}

function setUp() {
  const secrets: Record<string, string> = { "aliyun pk - -": "productsecret" };
  return { secrets, provider: verifier("aliyun", secrets, { registry: new Registry() }) };
}

const overTls = (credentials: Parameters<typeof loginOf>[0]) =>
  loginOf(credentials, {
    address: { transport: "tls", remoteAddress: "192.0.2.7", remotePort: 4711, localPort: 8883 },
  });

/** What is pushed behind CONNACK. */
function pushed(answer: CloudAccepted | { outcome: "refused" } | undefined): unknown {
  if (answer?.outcome !== "accepted") return undefined;
  return answer.afterConnect?.map(({ topicName, payload }) => [topicName, JSON.parse(utf8Decode(payload))]);
}

describe("a device that the platform knows", () => {
  test("is told its secret, once, and comes back with it", async () => {
    const { provider, secrets } = setUp();
    const first = cloudCredentials.aliyunRegistration(known, keyedHashing);
    expect(first.clientId).toContain(",instanceId=iot-1|");
    const answer = await provider.authenticate(overTls(first));
    expect(answer).toMatchObject({ clientId: "pk/sensor-1|register", claims: { registering: true } });
    expect(pushed(answer)).toEqual([["/ext/register", { ...device, deviceSecret: "device-secret" }]]);
    expect(said(await provider.authenticate(overTls(first)))).toMatch(/may not register/);

    secrets["aliyun pk sensor-1 -"] = "device-secret";
    const second = cloudCredentials.aliyun({ ...device, deviceSecret: "device-secret" }, keyedHashing);
    const back = await provider.authenticate(overTls(second));
    expect(back).toMatchObject({ outcome: "accepted", clientId: "pk/sensor-1" });
    expect(back).not.toHaveProperty("afterConnect");
  });

  test("needs the secret of its product, and TLS", async () => {
    const { provider } = setUp();
    const wrong = cloudCredentials.aliyunRegistration({ ...known, productSecret: "guess" }, keyedHashing);
    expect(said(await provider.authenticate(overTls(wrong)))).toBe(
      "the signature does not fit the secret of the whole group pk",
    );
    const right = cloudCredentials.aliyunRegistration(known, keyedHashing);
    expect(await provider.authenticate(loginOf(right))).toMatchObject({
      outcome: "refused",
      reasonString: "Registering needs TLS.",
    });
    const bare = { ...right, clientId: right.clientId.replace("random=123,", "") };
    expect(said(await provider.authenticate(overTls(bare)))).toMatch(/gives no random/);
  });

  test("may write another name before the bar, and another secure mode, as some do", async () => {
    const { provider } = setUp();
    const made = cloudCredentials.aliyunRegistration(unknown, keyedHashing);
    const clientId = made.clientId.replace(/^[^|]*/, "sensor-1").replace("securemode=-2", "securemode=2");
    expect((await provider.authenticate(overTls({ ...made, clientId })))?.outcome).toBe("accepted");
  });

  test("is not told anything when there is nothing for it", async () => {
    const { provider } = setUp();
    for (const wish of [known, unknown]) {
      const spare = cloudCredentials.aliyunRegistration({ ...wish, deviceName: "spare" }, keyedHashing);
      expect(said(await provider.authenticate(overTls(spare)))).toMatch(
        /device spare of pk may not register/,
      );
    }
  });
});

describe("a device that nobody knows", () => {
  test("is told a client id and a token, and comes back with them", async () => {
    const { provider } = setUp();
    const first = cloudCredentials.aliyunRegistration(unknown, keyedHashing);
    expect(first.clientId).toMatch(/securemode=-2,authType=regnwl,/);
    expect(pushed(await provider.authenticate(overTls(first)))).toEqual([
      ["/ext/regnwl", { clientId: "client-7", ...device, deviceToken: "device-token" }],
    ]);
    const token = { ...device, clientId: "client-7", deviceToken: "device-token" };
    const second = cloudCredentials.aliyunToken(token);
    expect(second).toMatchObject({
      clientId: "client-7|securemode=-2,authType=connwl|",
      userName: "sensor-1&pk",
      password: "device-token",
    });
    expect(said(await provider.authenticate(overTls(second)))).toBe("in as pk/sensor-1");
    const wrong = cloudCredentials.aliyunToken({ ...token, deviceToken: "device-tokem" });
    expect(said(await provider.authenticate(overTls(wrong)))).toMatch(/does not fit/);
    const other = cloudCredentials.aliyunToken({ ...token, deviceName: "sensor-2" });
    expect(said(await provider.authenticate(overTls(other)))).toMatch(/no secret/);
  });

  test("gets none where none are given out", async () => {
    const only = verifier(
      "aliyun",
      { "aliyun pk - -": "productsecret" },
      { registry: { secretFor: () => undefined } },
    );
    const made = cloudCredentials.aliyunRegistration(unknown, keyedHashing);
    expect(said(await only.authenticate(overTls(made)))).toMatch(/may not register/);
  });
});
