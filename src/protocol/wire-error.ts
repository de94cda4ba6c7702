/**
 * The two errors that a peer's bytes can raise. Both end that one connection and nothing else.
 */

import { MartletError } from "#base";
import { MALFORMED_PACKET, PROTOCOL_ERROR } from "./lean/reasons.ts";
import type { ReasonCode } from "./reason-code.ts";

interface WireFault {
  /** What 5.0 tells the peer; 3.x just closes. */
  readonly reasonCode: ReasonCode;
  /** The violated statement of the standard, for example `MQTT-3.3.1-4` or `U5-3.8.3b`. */
  readonly statement: string;
}

/** Bytes that cannot be a packet. Reason code 0x81. */
export class MalformedPacketError extends MartletError implements WireFault {
  readonly reasonCode = MALFORMED_PACKET;
  readonly statement: string;

  constructor(message: string, statement: string) {
    super("MARTLET_MALFORMED_PACKET", message);
    this.statement = statement;
  }
}

/** A packet, or a value in it, that the protocol does not allow here. Reason code 0x82 unless a closer one exists. */
export class ProtocolError extends MartletError implements WireFault {
  readonly reasonCode: ReasonCode;
  readonly statement: string;

  constructor(message: string, statement: string, reasonCode: ReasonCode = PROTOCOL_ERROR) {
    super("MARTLET_PROTOCOL_ERROR", message);
    this.reasonCode = reasonCode;
    this.statement = statement;
  }
}

export type WireError = MalformedPacketError | ProtocolError;

export function isWireError(error: unknown): error is WireError {
  return error instanceof MalformedPacketError || error instanceof ProtocolError;
}

/** The application asked for a packet that the wire cannot carry; nothing was written. */
export class InvalidPacketError extends MartletError {
  constructor(message: string) {
    super("MARTLET_INVALID_PACKET", message);
  }
}
