/**
 * The statements of the standards as rows, read from the three tables beside this file.
 */

import { InvariantError } from "#base";
import { mqtt311 } from "./mqtt-3.1.1.ts";
import { mqtt50 } from "./mqtt-5.0.ts";
import { mqtt50Unnumbered } from "./mqtt-5.0-unnumbered.ts";

type Specification = "3.1.1" | "5.0";

export interface Statement {
  /** `3.1.1/MQTT-3.3.1-4`, `5.0/MQTT-3.3.1-4` or `5.0/U5-3.8.3b`. */
  readonly id: string;
  readonly specification: Specification;
  readonly section: string;
  /** Whom the statement binds; for errors without a number, who detects them. */
  readonly binds: "client" | "server" | "both";
  readonly level: "must" | "may";
  /** In our own words. */
  readonly requirement: string;
}

function readTable(specification: Specification, table: string): Statement[] {
  const statements: Statement[] = [];
  let section = "";
  for (const line of table.trim().split("\n")) {
    if (line.startsWith("## ")) {
      section = line.slice(3);
      continue;
    }
    const [, id, binds, level, requirement] = /^(\S+) (client|server|both) (must|may) (.+)$/.exec(line) ?? [];
    if (id === undefined || requirement === undefined)
      throw new InvariantError(`Not a row of the ledger: ${line}`);
    statements.push({
      id: `${specification}/${id}`,
      specification,
      section,
      binds: binds as Statement["binds"],
      level: level as Statement["level"],
      requirement,
    });
  }
  return statements;
}

export const statements: readonly Statement[] = [
  ...readTable("3.1.1", mqtt311),
  ...readTable("5.0", mqtt50),
  ...readTable("5.0", mqtt50Unnumbered),
];
