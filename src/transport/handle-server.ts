/**
 * A server that accepts into handle pipes. Node's own server binds, listens and closes, so that addresses and errors
 * are those of every listener; only what it does with a connection is replaced.
 */

import { createServer, type Server } from "node:net";
import { SystemError } from "./errors.ts";
import type { StreamHandle, TcpHandle } from "./handle-io.ts";
import { type HandleHome, HandlePipe } from "./handle-pipe.ts";
import type { Pipe } from "./pipe.ts";
import { nodeSocketOptions, type SocketOptions } from "./socket-options.ts";

/** The part of a listening server that Node does not promise. */
interface ListeningServer extends Server {
  readonly _handle: ListeningHandle | null;
}

interface ListeningHandle extends Partial<TcpHandle> {
  onconnection: (status: number, connection: StreamHandle) => void;
}

/** A server whose connections are handle pipes of `home`. */
export function createHandleServer(
  home: HandleHome,
  options: SocketOptions,
  accept: (pipe: Pipe) => void,
): Server {
  const server = createServer();
  // Connections come at the earliest in the next round of the event loop.
  server.once("listening", () => {
    const listening = (server as ListeningServer)._handle;
    if (listening === null) return;
    const setUpConnection = socketSetUp(listening, home, options);
    listening.onconnection = (status, connection) => {
      if (status !== 0) server.emit("error", new SystemError(status, "accept"));
      else if (home.openPipes >= (server.maxConnections ?? Number.POSITIVE_INFINITY)) {
        connection.close();
        server.emit("drop");
      } else {
        setUpConnection?.(connection as TcpHandle);
        accept(new HandlePipe(connection, home));
      }
    };
  });
  return server;
}

/** What has still to be set for each connection, if anything. */
function socketSetUp(
  listening: ListeningHandle,
  home: HandleHome,
  options: SocketOptions,
): ((connection: TcpHandle) => void) | undefined {
  if (home.transport === "unix") return undefined;
  const { keepAlive, keepAliveInitialDelay } = nodeSocketOptions(options);
  const setUp = (handle: Pick<TcpHandle, "setNoDelay" | "setKeepAlive">): void => {
    // A connection that has just broken refuses; that is seen when it is read.
    handle.setNoDelay(true);
    if (keepAlive) handle.setKeepAlive(true, Math.trunc(keepAliveInitialDelay / 1000));
  };
  const { setNoDelay, setKeepAlive } = listening;
  // Linux hands the settings of the listening socket on, which saves several system calls for each connection.
  if (process.platform !== "linux" || setNoDelay === undefined || setKeepAlive === undefined) return setUp;
  setUp(listening as TcpHandle);
  return undefined;
}
