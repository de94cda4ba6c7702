/**
 * The broker that a load is put on: its address, and how to log in.
 */

export interface BenchTarget {
  /** `mqtt://host:1883`, `mqtts://`, `ws://host/mqtt`, `wss://` or `unix:/path`. */
  readonly url: string;
  readonly tls?: {
    /** PEM: the authorities that the broker's certificate is verified with, instead of those of the system. */
    readonly ca?: string;
    /** False verifies nothing. */
    readonly rejectUnauthorized?: boolean;
  };
  /** The URL may name them too, `mqtt://user:password@host`. */
  readonly userName?: string;
  readonly password?: string;
  /** Processes of the broker, whose CPU time and memory are read. Linux only; threads are counted in. */
  readonly processIds?: readonly number[];
}
