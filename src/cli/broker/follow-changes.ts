/**
 * What makes a running broker look at its configuration again: SIGHUP, and a configuration file that has changed, or one that it
 * takes in. SIGHUP also reads every file that the configuration names, and opens the log's file anew.
 */

import { describeError, systemClock } from "#base";
import type { ConfigurationFiles } from "#config";
import { WatchedFile } from "#credentials";
import type { ConfiguredBroker } from "#service";
import type { LogLines } from "../output.ts";
import type { Announcements } from "./announcements.ts";
import type { ConfigurationSource } from "./configuration-source.ts";
import { IncludedFiles } from "./included-files.ts";
import { logFormOf } from "./log-form.ts";

interface Followed {
  /** The configuration file, if there is one. */
  readonly file: string | undefined;
  readonly source: ConfigurationSource;
  readonly announcements: Announcements;
}

/** The returned function ends it. */
export function followChanges(
  files: ConfigurationFiles,
  broker: ConfiguredBroker,
  lines: LogLines,
  { file, source, announcements }: Followed,
): () => void {
  const included =
    source.included === undefined
      ? undefined
      : new IncludedFiles({
          list: source.included,
          onChange: () => void files.reload(),
          clock: systemClock(),
        });
  const reload = (): void => {
    included?.accept();
    void files.reload();
  };
  const onSignal = (): void => {
    reopen(lines, files);
    announcements.reloading();
    broker.reloadFiles();
    reload();
  };
  process.on("SIGHUP", onSignal);
  const watched = file === undefined ? undefined : watchedFile(file, reload, lines);
  return () => {
    process.off("SIGHUP", onSignal);
    watched?.close();
    included?.close();
  };
}

/** Undefined, with a warning, for a file that root could read and the user that the broker is by now cannot. */
function watchedFile(file: string, onChange: () => void, lines: LogLines): WatchedFile<string> | undefined {
  try {
    return new WatchedFile({
      path: file,
      parse: (text) => text,
      onChange,
      onProblem: (sentence) => lines.write("error", `${file}: ${sentence}`),
      clock: systemClock(),
    });
  } catch (error) {
    lines.write("warn", `${describeError(error)} What changes in it counts after a restart.`);
    return undefined;
  }
}

function reopen(lines: LogLines, { configuration }: ConfigurationFiles): void {
  try {
    lines.prepare(logFormOf(configuration.log))();
  } catch (error) {
    lines.write("error", describeError(error));
  }
}
