/**
 * What goes wrong below MQTT, in sentences that say what to do, with the system's own error as `cause`.
 */

import { getSystemErrorName } from "node:util";
import { describeError, MartletError } from "#base";

/** A listener could not start, or has a problem while it goes on (then it is reported, not thrown). */
export class ListenError extends MartletError {
  constructor(message: string, options?: ErrorOptions) {
    super("MARTLET_LISTEN", message, options);
  }
}

/**
 * Why a connection failed. `refused`: it was never made. `reset`: the peer or the network broke it off. `timed-out`:
 * the peer did not answer in time. `protocol`: the peer broke the rules of the transport, for example of WebSocket.
 */
export type PipeErrorKind = "refused" | "reset" | "timed-out" | "protocol";

/** The end of a pipe that was not orderly, or a dial that failed. */
export class PipeError extends MartletError {
  readonly kind: PipeErrorKind;

  constructor(kind: PipeErrorKind, message: string, options?: ErrorOptions) {
    super("MARTLET_CONNECTION", message, options);
    this.kind = kind;
  }
}

/** The system's error code, for example `ECONNRESET`. */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

/** What the system answered to a call, in the form that Node gives it. */
export class SystemError extends Error {
  readonly errno: number;
  /** For example `ECONNRESET`. */
  readonly code: string;
  readonly syscall: string;

  /** @param errno negative, as handles report it */
  constructor(errno: number, syscall: string) {
    const code = getSystemErrorName(errno);
    super(`${syscall} ${code}`);
    this.name = "SystemError";
    this.errno = errno;
    this.code = code;
    this.syscall = syscall;
  }
}

/** The typed form of an error that ended an established connection. */
export function brokenPipe(error: Error): PipeError {
  if (error instanceof PipeError) return error;
  return systemCode(error) === "ETIMEDOUT"
    ? new PipeError("timed-out", "The peer stopped answering", { cause: error })
    : new PipeError("reset", `The connection broke: ${describeError(error)}`, { cause: error });
}

const brokenBySystem = new Map<string, PipeError>();

/**
 * The typed form of what the system reported for an established connection. One object for each kind, without a stack
 * of its own: where it came up says nothing, and a storm of resets should not pay for it.
 */
export function brokenPipeOf(errno: number, syscall: string): PipeError {
  const key = `${syscall} ${errno}`;
  let error = brokenBySystem.get(key);
  if (error === undefined) {
    error = brokenPipe(new SystemError(errno, syscall));
    error.stack = `${error.name}: ${error.message}`;
    brokenBySystem.set(key, error);
  }
  return error;
}

/** The typed form of an error that kept a connection from being made. */
export function failedDial(target: string, error: unknown): PipeError {
  if (error instanceof PipeError) return error;
  // Node tries all addresses of a name and then throws one error without words of its own.
  const why = describeError(error) || systemCode(error);
  const kind = systemCode(error) === "ETIMEDOUT" ? "timed-out" : "refused";
  return new PipeError(kind, `Cannot connect to ${target}: ${why}`, { cause: error });
}

/** Why listening on a host and port failed, as a sentence that says what to do. */
export function listenOnPortError(host: string, port: number, error: unknown): ListenError {
  return new ListenError(listenOnPortSentence(host, port, error), { cause: error });
}

function listenOnPortSentence(host: string, port: number, error: unknown): string {
  switch (systemCode(error)) {
    case "EADDRINUSE":
      return `Port ${port} is in use by another program; stop it or choose another port`;
    case "EACCES":
      return `Not allowed to listen on port ${port}; choose one above 1023 or give the process the right to`;
    case "EADDRNOTAVAIL":
      return `This machine has no address ${host}; choose one of its own, or 0.0.0.0 for all of them`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `The host name ${host} has no address; check the spelling, or give an IP address`;
    default:
      return `Cannot listen on ${host} port ${port}: ${describeError(error)}`;
  }
}

/** Why listening on a Unix socket failed, as a sentence that says what to do. */
export function listenOnPathError(path: string, error: unknown): ListenError {
  return new ListenError(listenOnPathSentence(path, error), { cause: error });
}

function listenOnPathSentence(path: string, error: unknown): string {
  switch (systemCode(error)) {
    case "EADDRINUSE":
      return `The socket ${path} is in use by another program; stop it or choose another path`;
    case "EACCES":
      return `Not allowed to create the socket ${path}; check the rights of its folder`;
    case "ENOENT":
      return `The folder of the socket ${path} does not exist; create it first`;
    default:
      return `Cannot listen on the socket ${path}: ${describeError(error)}`;
  }
}
