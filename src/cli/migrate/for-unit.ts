/**
 * What of a configuration does not fit packaging/systemd/martlet.service: the unit runs as a user of its own, who writes to folders
 * of its own only. Whoever lets Martlet take the place of mosquitto in mosquitto's unit needs none of it.
 */

import { resolve } from "node:path";
import { type Configuration, keyText, namedFiles } from "#config";

const USER = "martlet";
/** The last ones of the packaged configuration. */
const LOG_FILE = "/var/log/martlet/martlet.log";
const PID_FILE = "/run/martlet/martlet.pid";
const SOCKET = "/run/martlet/mqtt.sock";
const DATA_FOLDER = "/var/lib/martlet/data";
const ownFolders = ["/var/lib/martlet/", "/var/log/martlet/", "/run/martlet/"];
const LAST_OF_ROOT = 1_023;
/** Below it everything is the packaging's own, and given to the unit's user there. */
const CONFIGURATION_FOLDER = "/etc/martlet/";

/** A sentence for each key to change and each file to open; none when everything fits. */
export function changesForUnit(configuration: Configuration): readonly string[] {
  const { log, persistence, process: role } = configuration;
  const changes: string[] = [];
  const move = (key: string, path: string | undefined, to: string): void => {
    if (path !== undefined && !isBelow(path, ownFolders)) {
      changes.push(`${key}: it may not write ${path}; set ${JSON.stringify(to)}.`);
    }
  };
  if (log.destination.includes("file")) move("log.file", log.file, LOG_FILE);
  move("process.pid_file", role.pid_file, PID_FILE);
  if (role.user !== undefined) changes.push(`process.user: the unit is ${USER} already; take the line out.`);
  if (persistence.mode !== "memory") move("persistence.folder", persistence.folder, DATA_FOLDER);
  for (const { path, file } of namedFiles(configuration)) {
    if (isBelow(file, [CONFIGURATION_FOLDER])) continue;
    changes.push(`${keyText(path)}: let the user ${USER} read ${file}.`);
  }
  for (const [index, { protocol, port = 0, path }] of configuration.listeners.entries()) {
    const listener = `listeners[${index}]`;
    if (protocol === "unix") move(`${listener}.path`, path, SOCKET);
    else if (port > 0 && port <= LAST_OF_ROOT) {
      changes.push(`${listener}.port: it may not listen on ${port}; a comment in the unit says how it may.`);
    }
  }
  return changes;
}

function isBelow(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => resolve(path).startsWith(folder));
}
