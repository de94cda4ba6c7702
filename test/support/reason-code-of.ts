/** What a protocol error says. */

import { ProtocolError } from "#protocol";

/** The reason code of the `ProtocolError` that `act` throws; undefined when it throws nothing. What else it throws goes on. */
export function reasonCodeOf(act: () => unknown): number | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return error.reasonCode;
  }
}
