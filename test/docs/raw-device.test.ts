// The bytes of docs/how-to/raw-device.md, sent as they stand there: the broker answers as the page says.
import { createHash } from "node:crypto";
import { createBroker } from "martlet";
import { VirtualClock } from "martlet/testing";
import { expect, it } from "vitest";
import { blocksOf, textOf } from "./pages.ts";

/** The digits of a block, without the words behind them. */
function bytesOf(block: string): Buffer {
  const digits = block.split("\n").map((line) => line.split("   ")[0] ?? "");
  return Buffer.from(digits.join("").replaceAll(" ", ""), "hex");
}

const page = "docs/how-to/raw-device.md";
const blocks = blocksOf(page).filter(({ language }) => language.startsWith("hex"));

it("has the packets of the device, whole", () => {
  const [connect, , , , publish] = blocks.map(({ text }) => bytesOf(text));
  expect([connect?.length, publish?.length]).toEqual([118, 31]);
  expect(
    createHash("sha256")
      .update(connect ?? "")
      .digest("hex"),
  ).toBe("ed02c857acdee7b9e0853d1c15b9a041e3f57c92871394d566df1669635431a0");
  expect(
    createHash("sha256")
      .update(publish ?? "")
      .digest("hex"),
  ).toBe("0d6888576392b5908eef186e7913b787d58feb93c3b3409792ad52c56d499a21");
});

it("is answered as the page says", async () => {
  const clock = new VirtualClock();
  const broker = await createBroker({ clock }).start();
  let received = "";
  let isClosed = false;
  const pipe = broker.connectPipe();
  pipe.open({
    onBytes: (chunk) => {
      received += Buffer.from(chunk).toString("hex");
    },
    onWritten: () => undefined,
    onClosed: () => {
      isClosed = true;
    },
  });
  /** Each packet sent, with what came back. */
  const exchanges: { sent: string; answer: string }[] = [];
  const announced: { sent: string; answer: string }[] = [];
  for (const { place, language, text } of blocks) {
    const last = announced.at(-1);
    if (language === "hex") {
      received = "";
      pipe.write(bytesOf(text));
      clock.runTurns();
      exchanges.push({ sent: place, answer: received });
      announced.push({ sent: place, answer: "" });
    } else if (last !== undefined) last.answer = bytesOf(text).toString("hex");
  }
  expect(exchanges).toEqual(announced);
  clock.advance(5_000);
  expect(isClosed).toBe(true);
  await broker.stop();
});

it("sends what the example sends", () => {
  const example = textOf("examples/raw-device.ts").replaceAll(/\s/g, "");
  for (const { language, text } of blocks) {
    if (language !== "hex") continue;
    expect(example).toContain(bytesOf(text).toString("hex"));
  }
});
