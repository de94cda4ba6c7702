/** A large store on a real disk: what was there comes back, all of it. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { systemClock, systemRandom } from "#base";
import { createStore, type Store } from "#store";

const RECORDS = 200_000;

test("200,000 records and as many that are gone come back after a restart", async () => {
  const folder = await mkdtemp(join(tmpdir(), "martlet-large-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const make = (): Store =>
    createStore({
      mode: "os",
      folder,
      clock: systemClock(),
      random: systemRandom(),
      settings: { segmentBytes: 4 * 1024 * 1024 },
    });
  const store = make();
  await store.open(() => undefined);
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  const ids: number[] = [];
  for (let i = 0; i < 2 * RECORDS; i++) {
    view.setUint32(0, i);
    const id = store.add(i % 2 === 0 ? 1 : 2, bytes, 0, i % 2 === 0 ? 64 : 20);
    ids.push(id);
    if (i >= 4000 && i % 4 < 2) store.drop(ids[i - 4000] as number);
    if (i % 2000 === 0) await nextTurn();
  }
  await store.close();

  const again = make();
  let sum = 0;
  const report = await again.open((kind, id, record, start, end) => {
    const i = new DataView(record.buffer, record.byteOffset + start).getUint32(0);
    const isRight =
      ids[i] === id && kind === (i % 2 === 0 ? 1 : 2) && end - start === (i % 2 === 0 ? 64 : 20);
    if (!isRight) throw new TypeError(`record ${id} is not what was added`);
    sum += i;
  });
  let expected = 0;
  let count = 0;
  for (let i = 0; i < 2 * RECORDS; i++) {
    const isDropped = i + 4000 < 2 * RECORDS && i % 4 < 2;
    if (isDropped) continue;
    expected += i;
    count++;
  }
  expect(sum).toBe(expected);
  expect(report).toMatchObject({ records: count, wasClosed: true, cut: undefined, salvaged: [] });
  const { diskBytes, liveBytes } = again.stats();
  expect(diskBytes).toBeLessThanOrEqual(2 * liveBytes + 2 * 4 * 1024 * 1024);
  await again.close();
});
