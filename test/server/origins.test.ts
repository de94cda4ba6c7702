// Which web pages may connect to a WebSocket when nobody has said so.
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { createBroker } from "#server";

/** The HTTP status of a page's attempt, or 101 when it may connect. */
async function statusFor(port: number, origin: string | undefined): Promise<number> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/mqtt`, "mqtt", origin === undefined ? {} : { origin });
  socket.on("error", () => undefined);
  const opened = once(socket, "open").then(() => 101);
  const refused = once(socket, "unexpected-response").then(([, response]) => response.statusCode as number);
  const status = await Promise.race([opened, refused]);
  socket.terminate();
  return status;
}

async function portOf(more: object): Promise<{ port: number; lines: string[] }> {
  const lines: string[] = [];
  const broker = await createBroker({
    listeners: [{ protocol: "websocket", port: 0, ...more }],
    allowAnonymous: true,
    log: { write: (_, sentence) => void lines.push(sentence) },
  }).start();
  onTestFinished(() => broker.stop());
  return { port: broker.addresses[0]?.port ?? 0, lines };
}

test("for this machine only: programs and pages of this machine, and no others", async () => {
  const { port, lines } = await portOf({ host: "127.0.0.1" });
  const own = [undefined, "http://localhost:5173", "https://127.0.0.1", "http://[::1]:8080"];
  expect(await Promise.all(own.map((origin) => statusFor(port, origin)))).toEqual([101, 101, 101, 101]);
  const foreign = ["https://evil.example", "null", "http://localhost.evil.example"];
  expect(await Promise.all(foreign.map((origin) => statusFor(port, origin)))).toEqual([403, 403, 403]);
  expect(lines.join("\n")).toContain("evil.example");
});

test("for other machines: all, unless the listener says which", async () => {
  const open = await portOf({ host: "0.0.0.0" });
  expect(await statusFor(open.port, "https://evil.example")).toBe(101);
  const closed = await portOf({ host: "0.0.0.0", originAllowed: ["https://a.example"] });
  expect(await statusFor(closed.port, "https://a.example")).toBe(101);
  expect(await statusFor(closed.port, "http://localhost")).toBe(403);
});
