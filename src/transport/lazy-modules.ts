/**
 * Modules that take longer to load than most commands take to run: they are loaded by whoever needs them first.
 */

import type * as Http from "node:http";
import { createRequire } from "node:module";
import type * as Tls from "node:tls";
import type * as Ws from "ws";

const require = createRequire(import.meta.url);

export function loadTls(): typeof Tls {
  return process.getBuiltinModule("node:tls");
}

export function loadHttp(): typeof Http {
  return process.getBuiltinModule("node:http");
}

export function loadWs(): typeof Ws {
  return require("ws") as typeof Ws;
}
