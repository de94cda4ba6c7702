/** Whether the files that decide who gets in are read and written by those only who should. */

import type { Facts, FileFacts } from "../facts.ts";
import { type Finding, ok, problem, warning } from "../finding.ts";
import { modeText } from "./reach.ts";

const OTHERS_MAY_READ = 0o004;
const GROUP_MAY_WRITE = 0o020;
const OTHERS_MAY_WRITE = 0o002;

/** Nothing is said where there are no secrets, or the system has no rights of that kind. */
export function checkFiles({ files }: Pick<Facts, "files">): Finding[] {
  const bad = files.flatMap(checkFile);
  const hasSecrets = files.some(({ mode, holds }) => mode !== undefined && holds !== "rules");
  if (bad.length > 0 || !hasSecrets) return bad;
  return [ok("safety", "Files with secrets are closed to other users of this machine.")];
}

function checkFile({ what, path, holds, mode }: FileFacts): Finding[] {
  if (mode === undefined) return [];
  const found: Finding[] = [];
  const rights = `(mode ${modeText(mode)})`;
  if ((mode & OTHERS_MAY_WRITE) !== 0) {
    found.push(
      problem("safety", `${what} can be changed by every user ${rights}: ${path}.`, `chmod o-w ${path}`),
    );
  } else if ((mode & GROUP_MAY_WRITE) !== 0 && holds !== "rules") {
    found.push(
      warning("safety", `${what} can be changed by its group ${rights}: ${path}.`, `chmod g-w ${path}`),
    );
  }
  if (holds === "rules" || (mode & OTHERS_MAY_READ) === 0) return found;
  const sentence = `${what} can be read by every user ${rights}: ${path}.`;
  // Taken from everybody, it is taken from the broker too where another user owns it.
  const advice = `chmod o= ${path}, when the broker's own user owns it.`;
  found.push(holds === "secrets" ? problem("safety", sentence, advice) : warning("safety", sentence, advice));
  return found;
}
