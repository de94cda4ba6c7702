/** What `martlet store` does with a folder of durable state: info, verify, dump and compact. */

import { ConfigError, systemClock, systemRandom, toHex, utf8Encode } from "#base";
import { describeRecord, recordNames } from "#broker";
import {
  inspectJournal,
  Journal,
  type JournalInspection,
  nodeDisk,
  type RecordVisitor,
  StoreError,
  type StoreRange,
} from "#store";
import { printable } from "../escape.ts";
import { ExitStatus } from "../exit-status.ts";
import { TextOutput } from "../text-output.ts";
import { type Action, actions, DEFAULT_SHOWN_BYTES, type StoreValues as Values } from "./command-line.ts";

/** Does what `values` ask for and resolves with the exit status. */
export async function useStore(values: Values): Promise<number> {
  const action = actionOf(values);
  const folder = folderOf(values);
  refuseUnused(action, values);
  switch (action) {
    case "info":
      return await info(folder, values);
    case "verify":
      return await verify(folder, values);
    case "dump":
      return await dump(folder, values);
    case "compact":
      return await compact(folder, values);
  }
}

function actionOf(values: Values): Action {
  const [given] = values.action ?? [];
  const action = actions.find((each) => each === given);
  if (action !== undefined) return action;
  const allowed = "give info, verify, dump or compact";
  if (given === undefined) throw new ConfigError("<action>", `it is missing; ${allowed}.`);
  throw new ConfigError(given, `there is no such action; ${allowed}.`);
}

function folderOf(values: Values): string {
  const [folder, second] = values.folder ?? [];
  if (folder === undefined) throw new ConfigError("<folder>", "it is missing; give the folder of the store.");
  if (second !== undefined) throw new ConfigError(second, "no further argument is expected here.");
  return folder;
}

function refuseUnused(action: Action, values: Values): void {
  for (const [name, owner] of [
    ["kind", "dump"],
    ["bytes", "dump"],
    ["salvage", "compact"],
  ] as const) {
    if (values[name] !== undefined && action !== owner)
      throw new ConfigError(`--${name}`, `it is for ${owner}.`);
  }
}

async function info(folder: string, values: Values): Promise<number> {
  const holder = await nodeDisk(folder).lockHolder();
  const found = await inspectJournal(nodeDisk(folder));
  const output = new TextOutput();
  const lines = values.json === true ? [infoJson(found, holder)] : infoLines(found, holder);
  for (const line of lines) await output.line(line);
  await output.flush();
  return ExitStatus.OK;
}

function infoJson(found: JournalInspection, holder: string | undefined): string {
  const kinds = found.kinds.map((each) => ({ ...each, name: recordNames.get(each.kind) }));
  const problems = holder === undefined ? found.problems : [];
  return JSON.stringify({ ...found, kinds, problems, inUseBy: holder });
}

function infoLines(found: JournalInspection, holder: string | undefined): string[] {
  const lines: string[] = [];
  const row = (name: string, value: string): void => void lines.push(`${name.padEnd(14)}${value}`);
  if (holder !== undefined) row("in use by", `${holder}; this is one moment of it`);
  row("format", String(found.formatVersion));
  row("last batch", `${found.lastBatch}${holder === undefined ? `, ${endOf(found)}` : ""}`);
  row("records", `${found.records} (${size(found.liveBytes)})`);
  row("segments", `${found.segments.length} (${size(found.diskBytes)} with prepared space)`);
  for (const { kind, records, bytes } of found.kinds) {
    row(`  ${recordNames.get(kind) ?? `kind ${kind}`}`, `${records} (${size(bytes)})`);
  }
  // What is being written looks like damage.
  const problems = holder === undefined ? found.problems : [];
  for (const problem of problems) lines.push(`damage: ${printable(problem.sentence)}`);
  return lines;
}

function endOf({ wasClosed, cut }: JournalInspection): string {
  if (wasClosed) return "closed in order";
  return cut === undefined
    ? "not closed in order"
    : `not closed in order, ${where(cut)} is an unfinished write`;
}

function where({ file, offset, sizeBytes }: StoreRange): string {
  return `${file} from byte ${offset} on (${size(sizeBytes)})`;
}

async function verify(folder: string, values: Values): Promise<number> {
  await refuseWhileInUse(folder, "verify");
  const found = await inspectJournal(nodeDisk(folder));
  const isGood = found.problems.length === 0;
  const { batches, lastBatch, records, problems, cut, lostBatches } = found;
  if (values.json === true) {
    console.log(JSON.stringify({ isGood, batches, lastBatch, records, problems, cut, lostBatches }));
  } else {
    for (const { sentence } of problems) console.log(`damage: ${printable(sentence)}`);
    if (cut !== undefined) {
      console.log(`A crash interrupted a write, which nobody was told is safe: ${where(cut)}.`);
    }
    if (lostBatches > 0) console.log(`A crash lost the last ${lostBatches} batches, written in mode os.`);
    console.log(
      isGood
        ? `${batches} batches with ${records} live records: nothing is damaged.`
        : `Damaged places: ${problems.length}. ${batches} batches with ${records} live records can be read.`,
    );
  }
  return isGood ? ExitStatus.OK : ExitStatus.FAILED;
}

async function dump(folder: string, values: Values): Promise<number> {
  await refuseWhileInUse(folder, "dump");
  const output = new TextOutput();
  const isJson = values.json === true;
  let lines: string[] = [];
  const onRecord: RecordVisitor = (kind, id, bytes, start, end) => {
    if (values.kind !== undefined && kind !== values.kind) return;
    const record = bytes.subarray(start, end);
    lines.push(isJson ? recordJson(kind, id, record, values) : recordLine(kind, id, record, values));
  };
  const afterBatch = (): Promise<void> | undefined => {
    const due = lines;
    lines = [];
    return due.length === 0 || output.isGone ? undefined : output.line(due.join("\n"));
  };
  const found = await inspectJournal(nodeDisk(folder), onRecord, afterBatch);
  await output.flush();
  for (const { sentence } of found.problems) console.error(`martlet: damage: ${printable(sentence)}`);
  return found.problems.length === 0 ? ExitStatus.OK : ExitStatus.FAILED;
}

function recordJson(kind: number, id: number, record: Uint8Array, { bytes: shown }: Values): string {
  return JSON.stringify({
    id,
    kind,
    name: recordNames.get(kind),
    sizeBytes: record.length,
    text: describeRecord(kind, record),
    bytes: Buffer.from(record.subarray(0, shown)).toString("base64"),
  });
}

function recordLine(kind: number, id: number, record: Uint8Array, values: Values): string {
  const shown = preview(record, values.bytes ?? DEFAULT_SHOWN_BYTES);
  const description = describeRecord(kind, record);
  const text = description === undefined ? shown : printable(description);
  return `${id}  ${recordNames.get(kind) ?? `kind ${kind}`}  ${record.length} bytes  ${text}`;
}

// Control characters but tab and line ends, and what stands for bytes that are no text.
// oxlint-disable-next-line no-control-regex
const noText = /[\u0000-\u0008\u000e-\u001f\uFFFD]/;

/** The beginning of a record: as text where it is some, else in hex. */
function preview(record: Uint8Array, mostBytes: number): string {
  const cut = record.length > mostBytes ? " …" : "";
  const part = record.subarray(0, mostBytes);
  // A cut may have parted a character.
  const text = new TextDecoder().decode(part).replace(/\uFFFD$/, "");
  if (noText.test(text)) return `${toHex(part, mostBytes)}${cut}`;
  return `"${printable(text)}"${utf8Encode(text).length < record.length ? " …" : ""}`;
}

async function compact(folder: string, values: Values): Promise<number> {
  const before = await inspectJournal(nodeDisk(folder));
  const random = systemRandom();
  const salvage = values.salvage === true;
  const store = new Journal({ disk: nodeDisk(folder), clock: systemClock(), random, salvage });
  const report = await store.open(() => undefined);
  for (const range of report.salvaged) console.log(`left out: ${where(range)}`);
  const trouble = new Promise<never>((_, reject) => {
    store.listener = { onDurable: () => undefined, onTrouble: reject, onRecovered: () => undefined };
  });
  // The store's own timers do not keep the process.
  const alive = setInterval(() => undefined, 1_000);
  try {
    await Promise.race([store.compact(), trouble]);
    await store.close();
  } finally {
    clearInterval(alive);
  }
  const after = await inspectJournal(nodeDisk(folder));
  console.log(`${size(before.diskBytes)} before, ${size(after.diskBytes)} now, ${after.records} records.`);
  return ExitStatus.OK;
}

/** @throws StoreError when a running broker would make the result a guess */
async function refuseWhileInUse(folder: string, action: Action): Promise<void> {
  const holder = await nodeDisk(folder).lockHolder();
  if (holder === undefined) return;
  throw new StoreError("locked", `${folder} is in use by ${holder}; stop it before ${action}.`);
}

const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"] as const;

/** `1.5 MiB` */
function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < UNITS.length - 1; unit++) value /= 1024;
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}
