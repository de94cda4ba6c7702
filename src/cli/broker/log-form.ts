/** From `[log]` of a configuration to how lines are written. */

import type { Configuration } from "#config";
import type { LogDestination, LogForm } from "../output.ts";

type LogConfiguration = Configuration["log"];

export function logFormOf(log: LogConfiguration): LogForm {
  return {
    level: log.level,
    types: log.types,
    format: log.format,
    destinations: [...new Set(log.destination)].map((name) => destinationOf(name, log)),
    hasTimestamp: log.timestamp,
    timestampFormat: log.timestamp_format,
    hasConnections: log.connections,
  };
}

function destinationOf(
  name: LogConfiguration["destination"][number],
  { file = "", facility, syslog_socket: socketPath }: LogConfiguration,
): LogDestination {
  if (name === "file") return { file };
  return name === "syslog" ? { syslog: facility, socketPath } : name;
}
