// S56 and S57: devices that log in as at a cloud, at a real broker over sockets, with the bytes that they send.
import { describe, expect, test } from "vitest";
import type { Gate } from "#auth";
import { systemClock } from "#base";
import { type CloudName, cloudCredentials, cloudProvider } from "#clouds";
import { keyedHashing, parseCloudSecrets, signatures } from "#credentials";
import { LoginChain, type LoginVerdict } from "#logins";
import { encodePacket, ProtocolVersion } from "#protocol";
import { connectWebSocket } from "#transport";
import { socketBroker } from "../support/brokers.ts";
import { deviceConnect, devicePublish, deviceSubscribe } from "../support/device-packets.ts";
import { connectPacket } from "../support/raw-client.ts";
import { hexOf, rawSocket } from "../support/raw-socket.ts";
import { TestClient } from "../support/test-client.ts";
import { until } from "../support/until.ts";

const KEY = "bWFydGxldC1vbmVuZXQtdGVzdC1hY2Nlc3Mta2V5MDE=";
const secretsFile = `
[[device]]
cloud = "aliyun"
product_key = "1234"
device_name = "5678"
secret = "secret"

[[device]]
cloud = "onenet"
product_id = "123123"
device_name = "mydev"
secret = "${KEY}"

[[device]]
cloud = "aws-sigv4"
access_key_id = "AKIDEXAMPLE"
secret = "another secret"
`;

/** A broker that plays the clouds of the file, and the verdicts on logins. */
async function cloudBroker(hashing = keyedHashing) {
  const secrets = parseCloudSecrets(secretsFile, "clouds.toml");
  const options = { hashing, signatures, clock: systemClock(), secretOf: secrets.secretOf };
  const verdicts: LoginVerdict[] = [];
  const providers = [...secrets.clouds].map((cloud: CloudName) => cloudProvider(cloud, options));
  const chain = new LoginChain(providers, (verdict) => void verdicts.push(verdict));
  const gate: Gate = { authenticate: (login) => chain.authenticate(login) };
  return { ...(await socketBroker({ gate })), verdicts };
}

/** The document's CONNECT with another password of 40 digits. */
function resigned(password: string): Uint8Array {
  return Buffer.concat([deviceConnect.subarray(0, deviceConnect.length - 40), Buffer.from(password)]);
}

const HMAC_SHA1 = "712AB6337283B19C8003AE6B13C79AE4B38E1C15";

describe("S56 the device of the documents, over bare TCP", () => {
  test.each([
    ["upper", HMAC_SHA1],
    ["lower", HMAC_SHA1.toLowerCase()],
  ])("signed with its secret, in %s case: login, subscription, message", async (_case, password) => {
    const running = await cloudBroker();
    const socket = await rawSocket({ port: running.port });
    await socket.dribble(resigned(password));
    expect(await socket.read(4)).toBe("20 02 00 00");
    socket.write(Buffer.concat([deviceSubscribe, devicePublish]));
    expect(await socket.read(5 + 31)).toBe(`90 03 00 01 00 ${hexOf(devicePublish)}`);
    expect([...running.broker.clients()]).toMatchObject([{ clientId: "1234/5678", userName: "5678&1234" }]);
  });

  test("its own bytes, where the secret is one that they were signed with", async () => {
    const asPrinted = Buffer.from("222750DEDFE4F774002EE87EED29CFD0638C5F66", "hex");
    const running = await cloudBroker({ ...keyedHashing, hmac: () => asPrinted });
    const socket = await rawSocket({ port: running.port });
    socket.write(Buffer.concat([deviceConnect, deviceSubscribe, devicePublish]));
    expect(await socket.read(4 + 5 + 31)).toBe(`20 02 00 00 90 03 00 01 00 ${hexOf(devicePublish)}`);
  });

  test("a wrong signature is answered with 4, and the log says why without it", async () => {
    const running = await cloudBroker();
    const socket = await rawSocket({ port: running.port });
    socket.write(deviceConnect);
    expect(await socket.read(4)).toBe("20 02 00 04");
    await socket.untilClosed();
    expect(running.verdicts).toMatchObject([
      {
        provider: "aliyun",
        outcome: "refused",
        reason: "the signature does not fit the secret of device 5678 of 1234",
      },
    ]);
    expect(JSON.stringify(running.verdicts)).not.toContain("222750DE");
  });

  test("a keep alive that the platform does not have is answered with 5", async () => {
    const running = await cloudBroker();
    const socket = await rawSocket({ port: running.port });
    const hasty = resigned(HMAC_SHA1);
    hasty[11] = 20;
    socket.write(hasty);
    expect(await socket.read(4)).toBe("20 02 00 05");
  });

  test("a second login of the device cuts the first, whatever stands before the bar", async () => {
    const running = await cloudBroker();
    const first = await rawSocket({ port: running.port });
    first.write(resigned(HMAC_SHA1));
    expect(await first.read(4)).toBe("20 02 00 00");
    const device = { productKey: "1234", deviceName: "5678", deviceSecret: "secret", clientId: "another" };
    const { clientId, userName, password } = cloudCredentials.aliyun(device, keyedHashing);
    await running.client({
      clientId,
      userName: userName ?? "",
      password: password ?? "",
      keepAliveSeconds: 60,
    });
    await first.untilClosed();
    expect(running.broker.sizes.clients).toBe(1);
  });
});

describe("S57 a device of OneNET, over bare TCP", () => {
  const token = (expiresAtSeconds: number, deviceName = "mydev") =>
    cloudCredentials.onenet({ productId: "123123", deviceName, key: KEY, expiresAtSeconds }, keyedHashing);
  const connect = (expiresAtSeconds: number, deviceName?: string) => {
    const made = token(expiresAtSeconds, deviceName);
    const packet = encodePacket(
      connectPacket(ProtocolVersion.MQTT_3_1_1, {
        clientId: made?.clientId ?? "",
        userName: made?.userName ?? "",
        password: Buffer.from(made?.password ?? ""),
        keepAliveSeconds: 300,
      }),
      ProtocolVersion.MQTT_3_1_1,
    );
    return packet as Uint8Array;
  };

  test.each([
    ["good", 4_102_444_800, undefined, "20 02 00 00"],
    ["expired", 1_537_255_523, undefined, "20 02 00 05"],
    ["of a device that is not there", 4_102_444_800, "other", "20 02 00 04"],
  ])("a token that is %s", async (_what, expiresAtSeconds, deviceName, answer) => {
    const running = await cloudBroker();
    const socket = await rawSocket({ port: running.port });
    socket.write(connect(expiresAtSeconds, deviceName));
    expect(await socket.read(4)).toBe(answer);
    expect(running.verdicts.map(({ provider }) => provider)).toEqual(["onenet"]);
  });
});

test("a signed URL of AWS opens a WebSocket and logs in", async () => {
  const running = await cloudBroker();
  const host = `127.0.0.1:${running.webSocketPort}`;
  const connectWith = async (secretAccessKey: string) => {
    const { url = "" } = cloudCredentials.awsUrl(
      {
        host,
        region: "us-east-1",
        clientId: "c",
        accessKeyId: "AKIDEXAMPLE",
        secretAccessKey,
        atMs: Date.now(),
      },
      keyedHashing,
    );
    const pipe = await connectWebSocket({ url: url.replace("wss:", "ws:") });
    const client = new TestClient(pipe, 4, until);
    return (await client.connect({ clientId: "c" }).catch(() => undefined)) !== undefined;
  };
  await connectWith("another secret");
  expect(running.verdicts.at(-1)).toMatchObject({ provider: "aws-sigv4", outcome: "accepted" });
  await connectWith("a guess");
  expect(running.verdicts.at(-1)).toMatchObject({ provider: "aws-sigv4", outcome: "refused" });
});
