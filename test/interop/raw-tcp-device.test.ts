// Modules that only know TCP write MQTT packets as hex. The packets of the source documents, over bare sockets.
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { socketBroker } from "../support/brokers.ts";
import { deviceClientId, deviceConnect, devicePublish, deviceSubscribe } from "../support/device-packets.ts";
import { hexOf, type RawSocket, rawSocket } from "../support/raw-socket.ts";
import { until } from "../support/until.ts";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const allAtOnce = Buffer.concat([deviceConnect, deviceSubscribe, devicePublish]);

type Writing = (socket: RawSocket, bytes: Uint8Array) => Promise<void> | void;
const whole: Writing = (socket, bytes) => socket.write(bytes);
const dribbled: Writing = (socket, bytes) => socket.dribble(bytes);

test("the packets are those of the documents", () => {
  expect(deviceConnect.length).toBe(118);
  expect(sha256(deviceConnect)).toBe("ed02c857acdee7b9e0853d1c15b9a041e3f57c92871394d566df1669635431a0");
  expect(devicePublish.length).toBe(31);
  expect(sha256(devicePublish)).toBe("0d6888576392b5908eef186e7913b787d58feb93c3b3409792ad52c56d499a21");
});

describe.each(["tcp", "unix"] as const)("over %s", (transport) => {
  const target = (broker: { port: number; unixPath: string }) =>
    transport === "tcp" ? { port: broker.port } : { path: broker.unixPath };

  test.each([
    ["packet by packet", whole],
    ["byte by byte", dribbled],
  ] as const)("login, subscription and message, %s; then the session is present", async (_, write) => {
    const running = await socketBroker();
    const first = await rawSocket(target(running));
    await write(first, deviceConnect);
    expect(await first.read(4)).toBe("20 02 00 00");
    await write(first, deviceSubscribe);
    expect(await first.read(5)).toBe("90 03 00 01 00");
    await write(first, devicePublish);
    expect(await first.read(31)).toBe(hexOf(devicePublish));
    expect(first.unread).toBe("");
    expect([...running.broker.clients()]).toMatchObject([
      { clientId: deviceClientId, connected: true, userName: "5678&1234", protocolVersion: 4 },
    ]);
    first.destroy();
    await until("the broker notices", () => running.broker.sizes.clients === 0);

    const second = await rawSocket(target(running));
    await write(second, deviceConnect);
    expect(await second.read(4)).toBe("20 02 01 00");
    // The subscription is part of the session.
    await write(second, devicePublish);
    expect(await second.read(31)).toBe(hexOf(devicePublish));
    expect(second.unread).toBe("");
  });

  test("everything in one write, without waiting for answers", async () => {
    const running = await socketBroker();
    const socket = await rawSocket(target(running));
    socket.write(allAtOnce);
    expect(await socket.read(4 + 5 + 31)).toBe(`20 02 00 00 90 03 00 01 00 ${hexOf(devicePublish)}`);
    expect(socket.unread).toBe("");
  });

  test("a second login with the same id takes over, also while the first is connected", async () => {
    const running = await socketBroker();
    const first = await rawSocket(target(running));
    first.write(allAtOnce);
    await first.read(40);
    const second = await rawSocket(target(running));
    second.write(deviceConnect);
    expect(await second.read(4)).toBe("20 02 01 00");
    await first.untilClosed();
    // 3.1.1 has no word for it.
    expect(first.unread).toBe("");
  });

  test("the login as printed, without its first byte, is answered with nothing but the end", async () => {
    const running = await socketBroker();
    const socket = await rawSocket(target(running));
    socket.write(deviceConnect.subarray(1));
    await socket.untilClosed();
    expect(socket.unread).toBe("");
  });
});
