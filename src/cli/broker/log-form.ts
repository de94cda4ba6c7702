/** From `[log]` of a configuration to how lines are written. */

import type { Configuration } from "#config";
import type { LogForm } from "../output.ts";

export function logFormOf({ level, destination, file = "", format }: Configuration["log"]): LogForm {
  return { level, format, destination: destination === "file" ? { file } : destination };
}
