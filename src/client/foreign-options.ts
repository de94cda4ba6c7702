/**
 * Options as other libraries call them. A program without types that brings one along would otherwise never learn that it does
 * nothing.
 */

import { ConfigError } from "#base";
import { checkType } from "./arguments.ts";

const otherNames: Readonly<Record<string, string>> = {
  username: "userName",
  clientID: "clientId",
  clean: "cleanStart",
  keepalive: "keepAliveSeconds",
  protocolVersion: "version",
  reconnectPeriod: "reconnect",
};

/** @throws ConfigError for what is no set of options, and for an option under another library's name */
export function checkOptions(options: object): void {
  checkType("options", options, "object");
  for (const name of Object.keys(options)) {
    if (otherNames[name] !== undefined) throw new ConfigError(name, `the option is ${otherNames[name]}`);
  }
}
