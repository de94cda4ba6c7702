// What goes through a shadow: every byte, each half's end, and the pace of the slower one. Martlet's fate does not matter.
import { connect, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { StateError, seededRandom } from "#base";
import { createBroker } from "#server";
import { type Notice, Shadow, type ShadowSettings } from "#shadow";
import type { Pipe } from "#transport";
import { freePort } from "../support/ports.ts";
import { until } from "../support/until.ts";

/** A socket that records. */
interface End {
  readonly socket: Socket;
  readonly bytes: () => Buffer;
  length: number;
  hasEnded: boolean;
  isClosed: boolean;
}

function endOf(socket: Socket): End {
  const chunks: Buffer[] = [];
  const end: End = {
    socket,
    bytes: () => Buffer.concat(chunks),
    length: 0,
    hasEnded: false,
    isClosed: false,
  };
  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    end.length += chunk.length;
  });
  socket.on("end", () => (end.hasEnded = true));
  socket.on("close", () => (end.isClosed = true));
  socket.on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  return end;
}

interface Home {
  readonly port: number;
  readonly notices: Notice[];
  readonly shadow: Shadow;
  /** A connected client, and its other end at the old broker. */
  pair(): Promise<{ readonly client: End; readonly old: End }>;
}

async function relayed(connectPipe: () => Pipe, settings: Partial<ShadowSettings> = {}): Promise<Home> {
  const accepted: End[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => accepted.push(endOf(socket)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new StateError("no port");
  const notices: Notice[] = [];
  const shadow = new Shadow({
    upstream: { url: `mqtt://127.0.0.1:${address.port}` },
    connectPipe,
    port: 0,
    settings: { windowMs: 200, ...settings },
    onNotice: (notice) => notices.push(notice),
  });
  const port = await shadow.start();
  onTestFinished(async () => {
    await shadow.stop();
    server.close();
  });
  return {
    port,
    notices,
    shadow,
    async pair() {
      const before = accepted.length;
      const client = endOf(connect({ port, host: "127.0.0.1", allowHalfOpen: true }));
      await until("the old broker is reached", () => accepted.length > before);
      return { client, old: accepted[before] as End };
    },
  };
}

async function martletPipes(): Promise<() => Pipe> {
  const martlet = await createBroker().start();
  onTestFinished(() => martlet.stop());
  return () => martlet.connectPipe();
}

const withoutMartlet = (): Pipe => {
  throw new StateError("there is no Martlet");
};

/** Whole packets, halves of packets, and what is none. */
function anyBytes(seed: number, size: number): Buffer {
  const random = seededRandom(seed);
  const samples = [
    "c000",
    "101000044d5154540502003c00000361626300",
    "3006000361 2f626869",
    "ffffffffff",
    "e000",
  ];
  const parts: Buffer[] = [];
  for (let length = 0; length < size; ) {
    const sample = Buffer.from((samples[random.below(samples.length)] as string).replace(" ", ""), "hex");
    const noise = Buffer.from(Array.from({ length: random.below(200) }, () => random.below(256)));
    const part = random.below(2) === 0 ? sample.subarray(0, 1 + random.below(sample.length)) : noise;
    parts.push(part);
    length += part.length;
  }
  return Buffer.concat(parts);
}

/** In pieces of any size. */
function writeInPieces(socket: Socket, bytes: Buffer, seed: number): void {
  const random = seededRandom(seed);
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + random.below(5_000));
    socket.write(bytes.subarray(at, end));
    at = end;
  }
}

test.each([1, 2, 3, 4, 5, 6])("any bytes come through both ways as they are, seed %i", async (seed) => {
  const home = await relayed(seed % 2 === 0 ? withoutMartlet : await martletPipes());
  const { client, old } = await home.pair();
  const [up, down] = [anyBytes(seed, 200_000), anyBytes(seed + 100, 200_000)];
  writeInPieces(client.socket, up, seed);
  writeInPieces(old.socket, down, seed + 1);
  await until("all are there", () => old.length >= up.length && client.length >= down.length);
  expect(old.bytes().equals(up)).toBe(true);
  expect(client.bytes().equals(down)).toBe(true);
});

test("each half ends by itself", async () => {
  const home = await relayed(await martletPipes());
  const { client, old } = await home.pair();
  client.socket.end(Buffer.from("c000", "hex"));
  await until("the old broker sees the end", () => old.hasEnded);
  expect(client.hasEnded).toBe(false);
  const late = anyBytes(9, 300_000);
  old.socket.write(late);
  await until("the client still reads", () => client.length === late.length);
  expect(client.bytes().equals(late)).toBe(true);
  old.socket.end();
  await until("both are closed", () => client.isClosed && old.isClosed);
  const other = await home.pair();
  other.old.socket.end(Buffer.from("d000", "hex"));
  await until("the client sees the end", () => other.client.hasEnded);
  other.client.socket.write(Buffer.from("e000", "hex"));
  await until("the old broker still reads", () => other.old.length === 2);
});

test("a connection that breaks off ends the other", async () => {
  const home = await relayed(await martletPipes());
  const first = await home.pair();
  first.client.socket.resetAndDestroy();
  await until("the old broker's is closed", () => first.old.hasEnded);
  const second = await home.pair();
  second.old.socket.write("bye");
  second.old.socket.destroySoon();
  await until("the client's has ended", () => second.client.hasEnded);
  expect(second.client.bytes().toString()).toBe("bye");
});

test.each(["client", "old"] as const)("the pace is that of a slow %s", async (slow) => {
  const home = await relayed(await martletPipes());
  const ends = await home.pair();
  const [reader, writer] = slow === "client" ? [ends.client, ends.old] : [ends.old, ends.client];
  reader.socket.pause();
  // More than the system keeps for four sockets.
  const bytes = Buffer.alloc(48_000_000, 7);
  let taken = false;
  writer.socket.write(bytes, () => {
    taken = true;
  });
  let last = -1;
  // It stands still once everything between the two is full.
  await until("it stands still", () => {
    const now = writer.socket.bytesWritten - writer.socket.writableLength;
    const stands = now === last;
    last = now;
    return stands && writer.socket.writableLength > 0;
  });
  expect(taken).toBe(false);
  reader.socket.resume();
  await until("all has come", () => reader.length === bytes.length);
  expect(reader.bytes().equals(bytes)).toBe(true);
});

test("an old broker that is not there: the client's connection ends, and it is told", async () => {
  const notices: Notice[] = [];
  const shadow = new Shadow({
    upstream: { url: `mqtt://127.0.0.1:${await freePort()}` },
    connectPipe: withoutMartlet,
    port: 0,
    onNotice: (notice) => notices.push(notice),
  });
  onTestFinished(async () => void (await shadow.stop()));
  const client = endOf(connect({ port: await shadow.start(), host: "127.0.0.1" }));
  await until("it has ended", () => client.isClosed);
  expect(notices.map(({ kind }) => kind)).toContain("upstream");
});

test.each(["http://old", "mqtt://", "old:1883", "mqtt://me:secret@old"])("%s is no upstream", (url) => {
  expect(() => new Shadow({ upstream: { url }, connectPipe: withoutMartlet })).toThrow("--upstream");
});
