/**
 * Finds Node's handles in this process and looks whether they have what `HandleIo` uses. Says why when they do not.
 */

import { describeError } from "#base";
import { HandleIo, type StreamBinding } from "./handle-io.ts";

type Members = Readonly<Record<string, unknown>>;

/** Not in the types of Node: it has been deprecated for long, and is there. */
interface ProcessWithBinding {
  readonly binding: (name: string) => Members;
}

/** Without the warning of `--pending-deprecation`: those who see it could do nothing about it. */
function bindingOf(name: string): Members {
  const { noDeprecation } = process;
  process.noDeprecation = true;
  try {
    return (process as unknown as ProcessWithBinding).binding(name);
  } finally {
    if (noDeprecation === undefined) delete process.noDeprecation;
    else process.noDeprecation = noDeprecation;
  }
}

const STREAM_METHODS = ["readStart", "readStop", "writeBuffer", "shutdown", "useUserBuffer", "close"];
const TCP_METHODS = [...STREAM_METHODS, "getpeername", "getsockname", "setNoDelay", "setKeepAlive"];
const STREAM_NUMBERS = ["kReadBytesOrError", "kLastWriteWasAsync"];

/** Node's own; whoever asks has looked first whether it is as expected. */
export function streamBinding(): StreamBinding {
  return bindingOf("stream_wrap") as unknown as StreamBinding;
}

let found: HandleIo | string | undefined;

/** What all handle pipes of this process share, or the reason why there are none, as the end of a sentence. */
export function findHandles(): HandleIo | string {
  found ??= lookForHandles();
  return found;
}

function lookForHandles(): HandleIo | string {
  // Writes on Windows complete in a way that the contract has not been run with.
  if (process.platform === "win32") return "they do not exist on Windows";
  if (typeof (process as Partial<ProcessWithBinding>).binding !== "function")
    return "this runtime is not Node";
  try {
    const stream = bindingOf("stream_wrap");
    const lacks =
      lackingIn(bindingOf("tcp_wrap")["TCP"], "TCP", TCP_METHODS) ??
      lackingIn(bindingOf("pipe_wrap")["Pipe"], "Pipe", STREAM_METHODS) ??
      STREAM_NUMBERS.find((name) => typeof stream[name] !== "number") ??
      ["WriteWrap", "ShutdownWrap"].find((name) => typeof stream[name] !== "function");
    if (lacks !== undefined) return `this Node lacks ${lacks}`;
    if (!(stream["streamBaseState"] instanceof Int32Array)) return "this Node lacks streamBaseState";
    return new HandleIo(streamBinding());
  } catch (error) {
    return `this Node does not let programs have them: ${describeError(error)}`;
  }
}

/** What the handles of TLS lack, as the end of a sentence. Node completes them when its `tls` is loaded. */
export function lackingForTls(): string | undefined {
  const lacks = lackingIn(bindingOf("tls_wrap")["TLSWrap"], "TLSWrap", STREAM_METHODS);
  return lacks === undefined ? undefined : `this Node lacks ${lacks}`;
}

function lackingIn(constructor: unknown, name: string, methods: readonly string[]): string | undefined {
  if (typeof constructor !== "function") return name;
  const prototype = constructor.prototype as Members;
  if (!("onread" in prototype)) return `${name}.onread`;
  const method = methods.find((each) => typeof prototype[each] !== "function");
  return method === undefined ? undefined : `${name}.${method}`;
}
