/**
 * What makes a running broker look at its configuration again: SIGHUP, and a configuration file that has changed. SIGHUP also
 * reads every file that the configuration names, and opens the log's file anew.
 */

import { describeError, systemClock } from "#base";
import type { ConfigurationFiles } from "#config";
import { WatchedFile } from "#credentials";
import type { ConfiguredBroker } from "#service";
import type { LogLines } from "../output.ts";
import { logFormOf } from "./log-form.ts";

/** The returned function ends it. */
export function followChanges(
  files: ConfigurationFiles,
  broker: ConfiguredBroker,
  lines: LogLines,
  configurationFile: string | undefined,
): () => void {
  const onSignal = (): void => {
    reopen(lines, files);
    lines.write("info", "SIGHUP received: reading the configuration and its files again.");
    broker.reloadFiles();
    void files.reload();
  };
  process.on("SIGHUP", onSignal);
  const watched =
    configurationFile === undefined
      ? undefined
      : new WatchedFile({
          path: configurationFile,
          parse: (text) => text,
          onChange: () => void files.reload(),
          onProblem: (sentence) => lines.write("error", `${configurationFile}: ${sentence}`),
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
