/**
 * Writes what went over TCP connections as a capture file, the way a sniffer on the wire would have: a frame a write, with
 * made-up Ethernet, IPv4 and TCP headers.
 *
 *     file header (24) | frame header (16) | Ethernet (14) | IPv4 (20) | TCP (20) | bytes | frame header …
 */

import { connect, createServer, type Server, type Socket } from "node:net";
import { onTestFinished } from "vitest";

const CLIENT = [192, 0, 2, 1] as const;
const SERVER = [192, 0, 2, 2] as const;
const FIN = 0x01;
const SYN = 0x02;
const PSH = 0x08;
const ACK = 0x10;
/** What a frame may carry; IPv4 has 16 bits for its length. */
const LARGEST_SEGMENT = 60_000;

interface Direction {
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly fromPort: number;
  readonly toPort: number;
  sequence: number;
}

export class Capture {
  readonly serverPort: number;
  readonly #frames: Buffer[] = [];
  #nextClientPort = 50_000;

  /** @param serverPort the port that the frames show for the server */
  constructor(serverPort: number) {
    this.serverPort = serverPort;
  }

  /** Begins a connection; returns what to call for bytes of either side, and at the end. */
  open(): { up(bytes: Uint8Array): void; down(bytes: Uint8Array): void; close(): void } {
    const clientPort = this.#nextClientPort++;
    const ends = { from: CLIENT, to: SERVER, fromPort: clientPort, toPort: this.serverPort };
    const up: Direction = { ...ends, sequence: 1000 };
    const down: Direction = {
      from: SERVER,
      to: CLIENT,
      fromPort: this.serverPort,
      toPort: clientPort,
      sequence: 9000,
    };
    const send = (mine: Direction, other: Direction, bytes: Uint8Array): void => {
      for (let at = 0; at < bytes.length; at += LARGEST_SEGMENT) {
        this.#add(mine, other, PSH | ACK, bytes.subarray(at, at + LARGEST_SEGMENT));
      }
    };
    this.#add(up, down, SYN, new Uint8Array(0));
    this.#add(down, up, SYN | ACK, new Uint8Array(0));
    this.#add(up, down, ACK, new Uint8Array(0));
    return {
      up: (bytes) => send(up, down, bytes),
      down: (bytes) => send(down, up, bytes),
      close: () => {
        this.#add(up, down, FIN | ACK, new Uint8Array(0));
        this.#add(down, up, FIN | ACK, new Uint8Array(0));
      },
    };
  }

  /** The whole file. */
  get bytes(): Buffer {
    const header = Buffer.alloc(24);
    header.writeUInt32LE(0xa1b2c3d4, 0);
    header.writeUInt16LE(2, 4);
    header.writeUInt16LE(4, 6);
    header.writeUInt32LE(262_144, 16);
    header.writeUInt32LE(1, 20); // Ethernet
    return Buffer.concat([header, ...this.#frames]);
  }

  #add(mine: Direction, other: Direction, flags: number, bytes: Uint8Array): void {
    const tcp = Buffer.alloc(20);
    tcp.writeUInt16BE(mine.fromPort, 0);
    tcp.writeUInt16BE(mine.toPort, 2);
    tcp.writeUInt32BE(mine.sequence, 4);
    tcp.writeUInt32BE((flags & ACK) === 0 ? 0 : other.sequence, 8);
    tcp.writeUInt8(5 << 4, 12);
    tcp.writeUInt8(flags, 13);
    tcp.writeUInt16BE(65_535, 14);
    mine.sequence += bytes.length + ((flags & (SYN | FIN)) === 0 ? 0 : 1);
    const ip = Buffer.alloc(20);
    ip.writeUInt8(0x45, 0);
    ip.writeUInt16BE(40 + bytes.length, 2);
    ip.writeUInt8(64, 8);
    ip.writeUInt8(6, 9);
    ip.set(mine.from, 12);
    ip.set(mine.to, 16);
    const ethernet = Buffer.from("020000000002020000000001" + "0800", "hex");
    const frame = Buffer.concat([ethernet, ip, tcp, bytes]);
    const header = Buffer.alloc(16);
    // One frame a millisecond: only the order counts.
    const index = this.#frames.length;
    header.writeUInt32LE(1_767_225_600 + Math.floor(index / 1000), 0);
    header.writeUInt32LE((index % 1000) * 1000, 4);
    header.writeUInt32LE(frame.length, 8);
    header.writeUInt32LE(frame.length, 12);
    this.#frames.push(Buffer.concat([header, frame]));
  }
}

/** A port in front of `targetPort` that passes everything on and notes it in `capture`. Ends with the test. */
export async function capturingProxy(targetPort: number, capture: Capture): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((client) => {
    const broker = connect({ port: targetPort, host: "127.0.0.1" });
    const record = capture.open();
    let isOpen = true;
    const pass = (from: Socket, to: Socket, note: (bytes: Uint8Array) => void): void => {
      sockets.add(from);
      from.setNoDelay(true);
      from.on("data", (chunk: Buffer) => {
        note(chunk);
        to.write(chunk);
      });
      from.on("end", () => to.end());
      from.on("error", () => to.destroy());
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
        if (isOpen) record.close();
        isOpen = false;
      });
    };
    pass(client, broker, (bytes) => record.up(bytes));
    pass(broker, client, (bytes) => record.down(bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as { port: number }).port;
}
