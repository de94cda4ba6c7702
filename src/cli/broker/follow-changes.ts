/**
 * What makes a running broker look at its configuration again: SIGHUP, and a configuration file that has changed. SIGHUP also
 * reads every file that the configuration names, and opens the log's file anew.
 */

import { describeError, systemClock } from "#base";
import type { ConfigurationFiles } from "#config";
import { WatchedFile } from "#credentials";
import type { ConfiguredBroker } from "#service";
import type { LogLines } from "../output.ts";
import type { Announcements } from "./announcements.ts";
import { logFormOf } from "./log-form.ts";

interface Followed {
  /** The configuration file, if there is one. */
  readonly file: string | undefined;
  readonly announcements: Announcements;
}

/** The returned function ends it. */
export function followChanges(
  files: ConfigurationFiles,
  broker: ConfiguredBroker,
  lines: LogLines,
  { file, announcements }: Followed,
): () => void {
  const onSignal = (): void => {
    reopen(lines, files);
    announcements.reloading();
    broker.reloadFiles();
    void files.reload();
  };
  process.on("SIGHUP", onSignal);
  const watched =
    file === undefined
      ? undefined
      : new WatchedFile({
          path: file,
          parse: (text) => text,
          onChange: () => void files.reload(),
          onProblem: (sentence) => lines.write("error", `${file}: ${sentence}`),
          clock: systemClock(),
        });
  return () => {
    process.off("SIGHUP", onSignal);
    watched?.close();
  };
}

function reopen(lines: LogLines, { configuration }: ConfigurationFiles): void {
  try {
    lines.prepare(logFormOf(configuration.log))();
  } catch (error) {
    lines.write("error", describeError(error));
  }
}
