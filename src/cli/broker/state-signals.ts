/** Signals that ask for the broker's state, as mosquitto knows them: SIGUSR1 saves it, SIGUSR2 shows the subscriptions. */

import type { ConfiguredBroker } from "#service";
import type { LogLines } from "../output.ts";
import { subscriptionTreeLines } from "./subscription-tree-lines.ts";

/** Lines that SIGUSR2 brings at most. */
const MOST_TREE_LINES = 10_000;

/** Answers them until the returned function is called. */
export function answerSignals({ broker, options }: ConfiguredBroker, lines: LogLines): () => void {
  const onSave = (): void => {
    const { persistence } = options;
    const sentence =
      persistence === undefined
        ? "nothing is kept, so there is nothing to save."
        : `what was acknowledged is in ${persistence.folder} already.`;
    lines.write("info", `SIGUSR1 received: ${sentence}`);
  };
  const onShow = (): void => {
    lines.write("info", `SIGUSR2 received: ${broker.sizes.subscriptions} subscriptions.`);
    for (const line of subscriptionTreeLines(broker.subscriptions(), MOST_TREE_LINES)) {
      lines.detail("information", line);
    }
  };
  if (process.platform === "win32") return () => undefined; // has no such signals
  process.on("SIGUSR1", onSave);
  process.on("SIGUSR2", onShow);
  return () => {
    process.off("SIGUSR1", onSave);
    process.off("SIGUSR2", onShow);
  };
}
