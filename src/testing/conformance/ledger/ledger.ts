/**
 * The ledger: for every statement of the standards, whether it is tested, waived with a reason, waits for Martlet's client,
 * or is open. The state is computed from the cases and the claims, so it cannot say more than there is.
 */

import type { ConformanceCase } from "../case.ts";
import { type Claim, claims } from "./claims.ts";
import { type Statement, statements } from "./statements.ts";
import { waivers } from "./waivers.ts";

export const statementStates = ["tested", "waived", "waits: client", "open"] as const;

type StatementState = (typeof statementStates)[number];

export interface LedgerEntry extends Statement {
  readonly state: StatementState;
  /** The cases that list it, and the unit tests that claim it. */
  readonly tests: readonly LedgerTest[];
  /** Why it is waived, or what is missing. */
  readonly remark: string;
}

/** What tests a statement. */
export interface LedgerTest {
  /** The case's name, or the unit test's title. */
  readonly name: string;
  /** The unit test's file; absent for a case. */
  readonly file?: string;
}

/** What a client has to do as well, what no case on a server can show, and no claim is about. */
const CLIENT_HALF = "for the server; no test names the client's half";

/** Every statement with its state, in the order of the standards. */
export function buildLedger(
  cases: readonly ConformanceCase[],
  claimed: readonly Claim[] = claims,
): LedgerEntry[] {
  const tests = new Map<string, LedgerTest[]>();
  const add = (id: string, test: LedgerTest): void => void tests.set(id, [...(tests.get(id) ?? []), test]);
  for (const each of cases) for (const id of each.statements) add(id, { name: each.name });
  const clientHalves = new Set<string>();
  for (const { statements: ids, test: file, title, side } of claimed) {
    for (const id of ids) {
      add(id, { name: title, file });
      if (side === "both") clientHalves.add(id);
    }
  }
  return statements.map((statement) => {
    const own = tests.get(statement.id) ?? [];
    const waiver = waivers[statement.id];
    if (own.length > 0) {
      const remark = statement.binds === "both" && !clientHalves.has(statement.id) ? CLIENT_HALF : "";
      return { ...statement, state: "tested", tests: own, remark };
    }
    if (waiver !== undefined) return { ...statement, state: "waived", tests: own, remark: waiver };
    if (statement.binds === "client") {
      const remark = "binds clients only; needs the client";
      return { ...statement, state: "waits: client", tests: own, remark };
    }
    return { ...statement, state: "open", tests: own, remark: "nothing tests it" };
  });
}

/** Ids that cases, claims or waivers name and no standard has, and waivers of what is tested. */
export function ledgerProblems(
  cases: readonly ConformanceCase[],
  claimed: readonly Claim[] = claims,
): string[] {
  const known = new Set(statements.map((each) => each.id));
  const problems: string[] = [];
  const names = new Set<string>();
  for (const { name, statements: ids, versions } of cases) {
    if (names.has(name)) problems.push(`two cases are called ${name}`);
    names.add(name);
    for (const id of ids) {
      if (!known.has(id)) problems.push(`case ${name} names ${id}, which no standard has`);
      else if (!versions.includes(id.startsWith("5.0/") ? 5 : 4)) {
        problems.push(`case ${name} names ${id}, but does not run in that version`);
      }
    }
  }
  const tested = new Set([...cases, ...claimed].flatMap((each) => each.statements));
  for (const { statements: ids, title } of claimed) {
    for (const id of ids)
      if (!known.has(id)) problems.push(`claim "${title}" names ${id}, which no standard has`);
  }
  for (const id of Object.keys(waivers)) {
    if (!known.has(id)) problems.push(`the waiver of ${id} is for a statement that no standard has`);
    else if (tested.has(id)) problems.push(`${id} is waived and tested`);
  }
  return problems;
}
