/**
 * A folder of the machine, through `node:fs`. Files are for the owner alone (folder 0700, files 0600).
 *
 * A synced write is one system call where the system has O_DSYNC and means it, else a write and a sync behind it. HOT: `write`
 * runs once a batch; benchmark: bench/micro/journal-on-disk.ts.
 */

import {
  close,
  constants,
  copyFile,
  fdatasync,
  fsync,
  ftruncate,
  mkdir,
  open,
  read,
  readdir,
  rename,
  stat,
  unlink,
  write,
  writev,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { crc32 } from "node:zlib";
import { StateError } from "#base";
import type { Disk, DiskEntry, DiskFile, OpenOptions } from "./disk.ts";
import { StoreError } from "./errors.ts";
import { diskError, errorCode } from "./node-error.ts";
import { NodeLock } from "./node-lock.ts";

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
/** macOS has O_DSYNC, but leaves the bytes in the drive's own memory; Node's sync does not. */
const HAS_DSYNC = process.platform === "linux";

/** The folder `path` as a disk. It is made when it is locked. */
export function nodeDisk(path: string): Disk {
  return new NodeDisk(resolve(path));
}

class NodeDisk implements Disk {
  readonly name: string;
  readonly #lock: NodeLock;

  constructor(path: string) {
    this.name = path;
    this.#lock = new NodeLock(path);
  }

  checksum(bytes: Uint8Array, start: number, end: number, seed: number): number {
    return crc32(bytes.subarray(start, end), seed);
  }

  async lock(): Promise<void> {
    await this.#try("folder", this.name, async () => {
      const made = await promisify(mkdir)(this.name, { recursive: true, mode: FOLDER_MODE });
      if (made !== undefined) await syncFolder(dirname(this.name));
    });
    await this.#lock.take();
  }

  async unlock(): Promise<void> {
    this.#lock.release();
  }

  async lockHolder(): Promise<string | undefined> {
    return this.#lock.holder();
  }

  async list(): Promise<DiskEntry[]> {
    return await this.#try("folder", this.name, async () => {
      const entries = await promisify(readdir)(this.name, { withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile());
      const found = await Promise.all(files.map(({ name }) => this.#entry(name)));
      return found.filter((entry) => entry !== undefined);
    });
  }

  async open(name: string, { access, isSynced }: OpenOptions): Promise<DiskFile> {
    const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_DSYNC } = constants;
    const flags = access === "read" ? O_RDONLY : O_RDWR | (access === "create" ? O_CREAT | O_EXCL : 0);
    const dsync = isSynced && HAS_DSYNC ? O_DSYNC : 0;
    const descriptor = await this.#try("file", name, () =>
      promisify(open)(this.#path(name), flags | dsync, FILE_MODE),
    );
    return new NodeFile(descriptor, this.#path(name), isSynced && !HAS_DSYNC);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#try("file", from, () => promisify(rename)(this.#path(from), this.#path(to)));
  }

  async remove(name: string): Promise<void> {
    await this.#try("file", name, () => promisify(unlink)(this.#path(name)));
  }

  async copy(from: string, to: string): Promise<void> {
    await this.#try("file", from, () => promisify(copyFile)(this.#path(from), this.#path(to)));
  }

  async syncFolder(): Promise<void> {
    await this.#try("folder", this.name, () => syncFolder(this.name));
  }

  /** Undefined when the file has gone meanwhile. */
  async #entry(name: string): Promise<DiskEntry | undefined> {
    try {
      return { name, sizeBytes: (await promisify(stat)(this.#path(name))).size };
    } catch (error) {
      if (errorCode(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  #path(name: string): string {
    return join(this.name, name);
  }

  async #try<T>(what: "file" | "folder", name: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw diskError(error, what === "file" ? this.#path(name) : name, what === "file" ? name : undefined);
    }
  }
}

class NodeFile implements DiskFile {
  readonly #descriptor: number;
  readonly #path: string;
  readonly #needsSync: boolean;
  /** Calls of the system under way: the descriptor stays until they are done, or it could be another file by then. */
  #underWay = 0;
  #onIdle: (() => void) | undefined;
  #isClosed = false;

  constructor(descriptor: number, path: string, needsSync: boolean) {
    this.#descriptor = descriptor;
    this.#path = path;
    this.#needsSync = needsSync;
  }

  write(parts: readonly Uint8Array[], position: number, done: (error: StoreError | undefined) => void): void {
    this.#begin();
    const onWritten = (error: Error | null, written: number): void => {
      this.#end();
      if (error !== null) done(diskError(error, this.#path));
      else if (written === 0) done(new StoreError("failed", `${this.#path} takes no bytes.`));
      else this.#goOn(parts, position, written, done);
    };
    const [only] = parts;
    if (parts.length === 1 && only !== undefined) {
      write(this.#descriptor, only, 0, only.length, position, onWritten);
    } else writev(this.#descriptor, parts, position, onWritten);
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    let filled = 0;
    while (filled < target.length) {
      const from = filled;
      const got = await this.#call<number>((done) =>
        read(this.#descriptor, target, from, target.length - from, position + from, done),
      );
      if (got === 0) break;
      filled += got;
    }
    return filled;
  }

  async sync(): Promise<void> {
    await this.#call<void>((done) => fdatasync(this.#descriptor, (error) => done(error)));
  }

  async truncate(sizeBytes: number): Promise<void> {
    await this.#call<void>((done) => ftruncate(this.#descriptor, sizeBytes, (error) => done(error)));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#underWay > 0) {
      await new Promise<void>((give) => {
        this.#onIdle = give;
      });
    }
    await promisify(close)(this.#descriptor);
  }

  /** The system may take only a part, for example near the end of the space. */
  #goOn(
    parts: readonly Uint8Array[],
    position: number,
    written: number,
    done: (error: StoreError | undefined) => void,
  ): void {
    let taken = written;
    const rest: Uint8Array[] = [];
    for (const part of parts) {
      if (taken < part.length) rest.push(taken === 0 ? part : part.subarray(taken));
      taken = Math.max(0, taken - part.length);
    }
    if (rest.length > 0) this.write(rest, position + written, done);
    else if (this.#needsSync) {
      this.sync().then(
        () => done(undefined),
        (error: StoreError) => done(error),
      );
    } else done(undefined);
  }

  #call<T>(work: (done: (error: Error | null, value?: T) => void) => void): Promise<T> {
    return new Promise((give, reject) => {
      this.#begin();
      work((error, value) => {
        this.#end();
        if (error === null) give(value as T);
        else reject(diskError(error, this.#path));
      });
    });
  }

  #begin(): void {
    if (this.#isClosed) throw new StateError(`${this.#path} is closed.`);
    this.#underWay++;
  }

  #end(): void {
    if (--this.#underWay === 0) this.#onIdle?.();
  }
}

/** Makes the names of a folder safe. Windows cannot, and does not need to. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const descriptor = await promisify(open)(path, constants.O_RDONLY);
  try {
    await promisify(fsync)(descriptor);
  } finally {
    await promisify(close)(descriptor);
  }
}
