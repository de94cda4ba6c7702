/** What `martlet shadow` writes: a line for a person, or a JSON object for a program, for each thing that it tells. */

import type { Difference, Notice, ShadowSummary } from "#shadow";
import { printable } from "../escape.ts";

/** Lines of one form. */
export interface ReportForm {
  difference(difference: Difference): readonly string[];
  notice(notice: Notice): readonly string[];
  summary(summary: ShadowSummary): readonly string[];
}

export const textForm: ReportForm = {
  difference: ({ kind, client, connection, old, martlet }) => [
    printable(`difference ${kind}, ${whose(client, connection)}`),
    printable(`  old broker  ${old}`),
    printable(`  Martlet     ${martlet}`),
  ],
  notice: ({ kind, client, connection, says }) => [
    printable(
      `note ${kind}${client === "" && connection === 0 ? "" : `, ${whose(client, connection)}`}: ${says}`,
    ),
  ],
  summary: ({ connections, packets, compared, differences, differenceCount, undecided, gaveUp }) => [
    `summary: ${connections} connections; packets: ${packets.clients} of clients, ${packets.old} of the old broker, ${packets.martlet} of Martlet`,
    `  compared: ${compared.deliveries} deliveries, ${compared.answers} answers; undecided: ${undecided}; no longer compared: ${gaveUp} connections`,
    differenceCount === 0
      ? "  no differences"
      : `  differences: ${differenceCount} (${Object.entries(differences)
          .map(([kind, count]) => `${kind} ${count}`)
          .join(", ")})`,
  ],
};

export const jsonForm: ReportForm = {
  difference: (difference) => [line("difference", difference)],
  notice: (notice) => [line("notice", notice)],
  summary: (summary) => [line("summary", summary)],
};

function whose(client: string, connection: number): string {
  if (connection === 0) return client;
  return `${client === "" ? "a client without a name" : `client ${JSON.stringify(client)}`}, connection ${connection}`;
}

function line(record: string, value: object): string {
  return JSON.stringify({ record, time: new Date().toISOString(), ...value });
}
