import { describe, expect, test } from "vitest";
import { commandPeer, portOf, runningPeer } from "./named.ts";

const noPorts = new Map<string, number>();

describe("a broker that runs already", () => {
  test.each([
    { text: "x=mqtt://127.0.0.1:1883", url: "mqtt://127.0.0.1:1883", processIds: [] },
    { text: "x=mqtt://127.0.0.1:1883:42", url: "mqtt://127.0.0.1:1883", processIds: [42] },
    { text: "x=mqtt://[::1]:1883:42,43", url: "mqtt://[::1]:1883", processIds: [42, 43] },
    { text: "x=ws://broker.example:8083/mqtt:7", url: "ws://broker.example:8083/mqtt", processIds: [7] },
  ])("$text", async ({ text, url, processIds }) => {
    expect(await runningPeer(text).start()).toMatchObject({ title: "x", url, processIds, isOurs: false });
  });

  test.each(["x", "=mqtt://127.0.0.1:1", "x=127.0.0.1:1883", "x=mqtt://127.0.0.1", "x=mqtt://127.0.0.1:1:y"])(
    "%s is refused",
    (text) => {
      expect(() => runningPeer(text)).toThrow("--at");
    },
  );
});

describe("a broker by its command", () => {
  test("needs a port, or a place for one", () => {
    expect(commandPeer("x=broker -p {port}", noPorts).name).toBe("x");
    expect(commandPeer("x=broker -c file", new Map([portOf("x=1883")])).name).toBe("x");
    expect(() => commandPeer("x=broker -c file", noPorts)).toThrow("--port x=1883");
  });

  test("needs a name and a command", () => {
    expect(() => commandPeer("broker", noPorts)).toThrow("--peer");
    expect(() => commandPeer("x=", noPorts)).toThrow("--peer");
  });

  test("that is not installed is missing, and no more than that", async () => {
    const peer = commandPeer("x=/nonexistent/broker -p {port}", noPorts);
    await expect(peer.start()).rejects.toThrow("/nonexistent/broker does not start");
  });
});

test("a port is a number", () => {
  expect(portOf("x=1883")).toEqual(["x", 1883]);
  expect(() => portOf("x=abc")).toThrow("--port");
});
