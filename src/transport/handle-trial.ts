/**
 * The trial of handle pipes at a listener's start: one connection over the loopback goes through everything that a pipe
 * does: read, write, a full wire, the end. Takes some twenty milliseconds, once a process, and once a listener for TLS.
 * What takes seconds has failed.
 */

import { once } from "node:events";
import { type AddressInfo, connect, type Server, type Socket } from "node:net";
import type { SecureContextOptions, TLSSocket } from "node:tls";
import { type Clock, describeError, InvariantError, systemClock } from "#base";
import type { HandleIo } from "./handle-io.ts";
import type { HandleHome } from "./handle-pipe.ts";
import { createHandleServer } from "./handle-server.ts";
import { loadTls } from "./lazy-modules.ts";
import { lackingForTls } from "./node-handles.ts";
import { peerAddressOf } from "./peer-address.ts";
import type { Pipe, PipeReceiver } from "./pipe.ts";
import { type TlsHandleHome, TlsHandlePipe } from "./tls-handle-pipe.ts";
import type { TlsPeer } from "./tls-peer.ts";

const LOOPBACK = "127.0.0.1";
const TRIAL_TIMEOUT_MS = 2_000;
const BLOCK_BYTES = 64 * 1024;
/** No loopback keeps as much unread. */
const MOST_BLOCKS = 512;
/** A write that the system takes at all is taken within so many. */
const SETTLING_TURNS = 4;

const outcomes = new WeakMap<HandleIo, Promise<string | undefined>>();

/** Why handle pipes do not work in this process, as the end of a sentence, or undefined when they do. */
export function tryHandles(io: HandleIo): Promise<string | undefined> {
  const known = outcomes.get(io);
  if (known !== undefined) return known;
  const home: HandleHome = {
    io,
    clock: systemClock(),
    graceMs: TRIAL_TIMEOUT_MS,
    transport: "tcp",
    openPipes: 0,
  };
  const outcome = runTrial({
    createServer: (accept) => createHandleServer(home, {}, accept),
    dial: (port) => connect(port, LOOPBACK),
    dialled: "connect",
  });
  outcomes.set(io, outcome);
  return outcome;
}

/** The same over TLS, with the listener's own certificate, or with a key of the trial's where it has none. */
export async function tryTlsHandles(
  io: HandleIo,
  context: SecureContextOptions,
): Promise<string | undefined> {
  const lacks = lackingForTls();
  if (lacks !== undefined) return lacks;
  const home: TlsHandleHome = { io, clock: systemClock(), graceMs: TRIAL_TIMEOUT_MS };
  const peerOf = (socket: TLSSocket): TlsPeer => ({
    address: peerAddressOf(socket, "tls"),
    pskIdentity: undefined,
    isVerified: false,
  });
  // It talks to itself, and sends nothing that matters.
  const [atServer, atClient] = context.cert === undefined ? [pskAtServer, pskAtClient] : [];
  const accepting = { ...context, ...atServer };
  const dialing = { host: LOOPBACK, rejectUnauthorized: false, ...atClient };
  return await runTrial({
    createServer: (accept) =>
      loadTls().createServer(accepting, (socket) => accept(new TlsHandlePipe(socket, home, peerOf(socket)))),
    dial: (port) => loadTls().connect({ ...dialing, port }),
    dialled: "secureConnect",
  });
}

const PSK_CIPHERS = "PSK";
const trialKey = Buffer.alloc(32, "trial");
const pskAtServer = { ciphers: PSK_CIPHERS, pskCallback: () => trialKey };
const pskAtClient = {
  ciphers: PSK_CIPHERS,
  maxVersion: "TLSv1.2",
  pskCallback: () => ({ psk: trialKey, identity: "trial" }),
  checkServerIdentity: () => undefined,
} as const;

interface Trial {
  readonly createServer: (accept: (pipe: Pipe) => void) => Server;
  readonly dial: (port: number) => Socket;
  /** The event that says so. */
  readonly dialled: string;
}

async function runTrial({ createServer, dial, dialled }: Trial): Promise<string | undefined> {
  const clock = systemClock();
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  const { promise: accepted, resolve } = Promise.withResolvers<Pipe>();
  const server = createServer(resolve);
  let socket: Socket | undefined;
  let pipe: Pipe | undefined;
  const cancel = clock.schedule(TRIAL_TIMEOUT_MS, () =>
    reject(new InvariantError(`nothing came within ${TRIAL_TIMEOUT_MS} ms`)),
  );
  try {
    server.listen(0, LOOPBACK);
    await Promise.race([once(server, "listening"), timeout]);
    socket = dial((server.address() as AddressInfo).port);
    [pipe] = await Promise.race([Promise.all([accepted, once(socket, dialled)]), timeout]);
    await Promise.race([exchange(pipe, socket, clock), timeout]);
    return undefined;
  } catch (error) {
    return `in a trial, ${describeError(error)}`;
  } finally {
    cancel();
    pipe?.destroy();
    socket?.destroy();
    server.close();
  }
}

/** Throws when anything is other than it should be. */
async function exchange(pipe: Pipe, socket: Socket, clock: Clock): Promise<void> {
  const block = Buffer.alloc(BLOCK_BYTES, "a pipe carries bytes both ways; ");
  const receiver = new TrialReceiver();
  pipe.open(receiver);
  expectThat(pipe.peer.remotePort === socket.localPort, "it has a wrong address");

  socket.write(block);
  await receiver.until(() => receiver.received.length >= BLOCK_BYTES);
  expectThat(receiver.received.equals(block), "it reads other bytes than were sent");

  // Nobody reads: the wire fills up, and what comes through afterwards is all of it.
  let blocks = 0;
  let kept = 0;
  while (kept === receiver.writtenCalls) {
    expectThat(++blocks < MOST_BLOCKS, "it takes more than a wire holds");
    if (pipe.write(block)) continue;
    kept++;
    for (let turn = 0; turn < SETTLING_TURNS; turn++) {
      await new Promise<void>((resolve) => clock.afterTurn(resolve));
    }
  }
  expectThat(pipe.unwrittenBytes === BLOCK_BYTES, "it counts unwritten bytes wrongly");
  let arrived = 0;
  socket.on("data", (chunk: Buffer) => {
    for (let at = 0; at < chunk.length; ) {
      const start = arrived % BLOCK_BYTES;
      const length = Math.min(chunk.length - at, BLOCK_BYTES - start);
      const isSame = chunk.compare(block, start, start + length, at, at + length) === 0;
      if (!isSame) socket.destroy(new InvariantError("it writes other bytes than it was given"));
      at += length;
      arrived += length;
    }
    if (arrived === blocks * BLOCK_BYTES) socket.end();
  });
  await once(socket, "end");
  expectThat(arrived === blocks * BLOCK_BYTES, "it loses bytes");
  await receiver.until(() => receiver.isClosed);
  expectThat(receiver.writtenCalls === kept, "it does not say that bytes are taken");
  expectThat(receiver.error === undefined, "it takes an orderly end for a broken one");
}

function expectThat(holds: boolean, otherwise: string): void {
  if (!holds) throw new InvariantError(otherwise);
}

/** Remembers what the pipe said, and wakes the one who waits for it. */
class TrialReceiver implements PipeReceiver {
  received = Buffer.alloc(0);
  writtenCalls = 0;
  isClosed = false;
  error: Error | undefined;
  #wake: (() => void) | undefined;

  onBytes(chunk: Uint8Array): void {
    this.received = Buffer.concat([this.received, chunk]);
    this.#wake?.();
  }

  onWritten(): void {
    this.writtenCalls++;
    this.#wake?.();
  }

  onClosed(error: Error | undefined): void {
    this.isClosed = true;
    this.error = error;
    this.#wake?.();
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      expectThat(!this.isClosed, "it closes by itself");
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
