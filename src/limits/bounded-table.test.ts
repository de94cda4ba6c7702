import { expect, test } from "vitest";
import { seededRandom } from "#base";
import { liveMebibytes } from "../../test/support/heap.ts";
import { BoundedTable } from "./bounded-table.ts";

test("forgets the row that was written longest ago", () => {
  const table = new BoundedTable<number>(3);
  for (const key of ["a", "b", "c"]) table.set(key, 1);
  table.set("a", 2);
  table.set("d", 1);
  expect([...table.entries()]).toEqual([
    ["c", 1],
    ["a", 2],
    ["d", 1],
  ]);
  expect(table.get("b")).toBeUndefined();
});

test("a smaller capacity forgets at once, and rows may go while they are looked at", () => {
  const table = new BoundedTable<number>(10);
  for (let i = 0; i < 10; i++) table.set(`k${i}`, i);
  table.capacity = 4;
  expect(Array.from(table.entries(), ([key]) => key)).toEqual(["k6", "k7", "k8", "k9"]);
  for (const [key, value] of table.entries()) if (value % 2 === 0) table.delete(key);
  expect(Array.from(table.entries(), ([key]) => key)).toEqual(["k7", "k9"]);
  expect(table.delete("k7")).toBe(true);
  expect(table.delete("k7")).toBe(false);
  table.delete("k9");
  table.set("x", 1);
  expect(table.size).toBe(1);
});

test("long keys are told apart by their ends and their lengths, and cost no more than short ones", async () => {
  const table = new BoundedTable<number>(2_000);
  /** A text of its own, as one that was read from a packet. */
  const long = (end: string): string => Buffer.from(`${"x".repeat(65_000)}${end}`).toString("latin1");
  const before = await liveMebibytes();
  for (let i = 0; i < 2_000; i++) table.set(long(String(i)), i);
  // As they are, they would take 124 MiB.
  expect((await liveMebibytes()) - before).toBeLessThan(16);
  expect([table.size, table.get(long("7")), table.get(long("1999"))]).toEqual([2_000, 7, 1_999]);
  expect(table.get(long("none of them"))).toBeUndefined();
  for (const [key, value] of table.entries()) expect(table.get(key)).toBe(value);
  expect(table.delete(long("7"))).toBe(true);
  expect(table.get(long("7"))).toBeUndefined();
});

test("does what a list that is searched from the front does", () => {
  const random = seededRandom(4);
  const table = new BoundedTable<number>(8);
  let model: [string, number][] = [];
  for (let i = 0; i < 5_000; i++) {
    const [byte = 0] = random.bytes(1);
    const key = `k${byte % 16}`;
    model = model.filter(([known]) => known !== key);
    if (byte < 60) table.delete(key);
    else {
      table.set(key, i);
      model.push([key, i]);
      if (model.length > 8) model.shift();
    }
    expect([...table.entries()]).toEqual(model);
    expect(table.size).toBe(model.length);
  }
});
