/**
 * The little of vitest that the client's cases use, for a page: the same files run in both. The bundle puts it in vitest's
 * place; what is not here is missing in the bundle, and the page says so.
 */

type Body = (...values: never[]) => unknown;

interface Case {
  readonly name: string;
  readonly run: () => unknown;
}

const cases: Case[] = [];
const groups: string[] = [];
let onFinished: (() => unknown)[] = [];

class Mismatch extends Error {}

function titled(name: string, value: readonly unknown[]): string {
  let at = 0;
  return name.replaceAll(/%[sid]/g, () => String(value[at++]));
}

type Table = readonly unknown[];
const asRow = (row: unknown): readonly unknown[] => (Array.isArray(row) ? row : [row]);

export function test(name: string, body: Body): void {
  cases.push({ name: [...groups, name].join(" › "), run: body as () => unknown });
}
test.each = (table: Table) => (name: string, body: Body) => {
  for (const row of table) test(titled(name, asRow(row)), () => body(...(asRow(row) as never[])));
};

export function describe(name: string, body: Body): void {
  groups.push(name);
  body();
  groups.pop();
}
describe.each = (table: Table) => (name: string, body: Body) => {
  for (const row of table) describe(titled(name, asRow(row)), () => body(...(asRow(row) as never[])));
};

export function onTestFinished(finish: () => unknown): void {
  onFinished.push(finish);
}

/** Matches every value that `matches` says yes to. */
class Pattern {
  readonly matches: (value: unknown) => boolean;

  constructor(matches: (value: unknown) => boolean) {
    this.matches = matches;
  }
}

/** Deep equality; a subset of the keys is enough when `isPartial`, and undefined is as good as absent. */
function equal(actual: unknown, expected: unknown, isPartial: boolean): boolean {
  if (expected instanceof Pattern) return expected.matches(actual);
  if (Object.is(actual, expected)) return true;
  if (typeof actual !== "object" || typeof expected !== "object" || actual === null || expected === null)
    return false;
  if (actual instanceof Error && expected instanceof Error) return actual.message === expected.message;
  if (Array.isArray(expected) || ArrayBuffer.isView(expected)) {
    const [a, b] = [actual as unknown[], expected as unknown as unknown[]];
    return a.length === b.length && Array.from(b).every((each, i) => equal(a[i], each, isPartial));
  }
  if (expected instanceof Map || expected instanceof Set) {
    return (
      actual instanceof expected.constructor && equal([...(actual as Set<unknown>)], [...expected], false)
    );
  }
  const [a, b] = [actual as Record<string, unknown>, expected as Record<string, unknown>];
  const keys = new Set(isPartial ? Object.keys(b) : [...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => equal(a[key], b[key], isPartial));
}

function thrownBy(run: unknown): unknown {
  try {
    (run as () => unknown)();
  } catch (error) {
    return error;
  }
  return undefined;
}

function fits(error: unknown, expected: unknown): boolean {
  if (expected === undefined) return error !== undefined;
  if (expected instanceof RegExp) return expected.test((error as Error | undefined)?.message ?? "");
  return typeof expected === "string"
    ? (error as Error | undefined)?.message.includes(expected) === true
    : error instanceof (expected as new () => object);
}

type Matcher = (actual: never, expected: never) => boolean;

const matchers = {
  toBe: (actual: unknown, expected: unknown) => Object.is(actual, expected),
  toEqual: (actual: unknown, expected: unknown) => equal(actual, expected, false),
  toMatchObject: (actual: unknown, expected: unknown) => equal(actual, expected, true),
  toBeUndefined: (actual: unknown) => actual === undefined,
  toBeInstanceOf: (actual: unknown, expected: new () => object) => actual instanceof expected,
  toBeGreaterThan: (actual: number, expected: number) => actual > expected,
  toBeGreaterThanOrEqual: (actual: number, expected: number) => actual >= expected,
  toBeLessThan: (actual: number, expected: number) => actual < expected,
  toBeLessThanOrEqual: (actual: number, expected: number) => actual <= expected,
  toContain: (actual: unknown[] | string, expected: never) => actual.includes(expected),
  toThrow: (actual: unknown, expected: unknown) => fits(thrownBy(actual), expected),
} satisfies Record<string, Matcher>;

function show(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  return typeof value === "object" ? JSON.stringify(value) : `${value as number}`;
}

type Expectation = Record<keyof typeof matchers, (expected?: unknown) => void>;

function expectation(actual: unknown, message: string, isNegated: boolean): Expectation {
  const entries = Object.entries(matchers).map(([name, matches]) => [
    name,
    (expected?: unknown) => {
      if ((matches as Matcher)(actual as never, expected as never) !== isNegated) return;
      throw new Mismatch(`${message} ${show(actual)} ${isNegated ? "not " : ""}${name} ${show(expected)}`);
    },
  ]);
  return Object.fromEntries(entries) as Expectation;
}

/** What a promise rejects with, for the matcher that follows. */
function rejection(
  promise: Promise<unknown>,
  message: string,
): Record<string, (expected?: unknown) => unknown> {
  const matcher = (name: keyof typeof matchers) => async (expected?: unknown) => {
    const error = await promise.then(
      () => undefined,
      (problem: unknown) => problem,
    );
    if (name === "toThrow") expectation(fits(error, expected), message, false).toBe(true);
    else expectation(error, message, false)[name](expected);
  };
  return Object.fromEntries(Object.keys(matchers).map((name) => [name, matcher(name as "toBe")]));
}

export function expect(actual: unknown, message = ""): Expectation & { not: Expectation; rejects: unknown } {
  return {
    ...expectation(actual, message, false),
    not: expectation(actual, message, true),
    get rejects() {
      return rejection(actual as Promise<unknown>, message);
    },
  };
}
expect.any = (type: (value: unknown) => unknown): Pattern =>
  new Pattern((value) => Object(value) instanceof (type as unknown as new () => object));
expect.stringMatching = (pattern: RegExp): Pattern =>
  new Pattern((value) => typeof value === "string" && pattern.test(value));

export interface SuiteResult {
  readonly passed: string[];
  readonly failed: string[];
}

/** Runs the cases one after the other. */
export async function runCases(): Promise<SuiteResult> {
  const result: SuiteResult = { passed: [], failed: [] };
  for (const { name, run } of cases) {
    onFinished = [];
    try {
      await run();
      result.passed.push(name);
    } catch (error) {
      result.failed.push(`${name}: ${show(error)}`);
    }
    for (const finish of onFinished.reverse()) await finish();
  }
  return result;
}
