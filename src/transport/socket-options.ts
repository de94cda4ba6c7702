/**
 * How every TCP connection is set up, whatever travels on it.
 */

/** What a TCP connection can be told. */
export interface SocketOptions {
  /** Silence after which the system asks whether the peer still exists; 0 never asks. Default: 60 seconds. */
  readonly probeAfterMs?: number;
}

const DEFAULT_PROBE_AFTER_MS = 60_000;

/** The options of Node's sockets and servers. Small packets leave at once: the broker gathers its writes itself. */
export function nodeSocketOptions({ probeAfterMs = DEFAULT_PROBE_AFTER_MS }: SocketOptions): {
  noDelay: boolean;
  keepAlive: boolean;
  keepAliveInitialDelay: number;
} {
  return { noDelay: true, keepAlive: probeAfterMs > 0, keepAliveInitialDelay: probeAfterMs };
}
