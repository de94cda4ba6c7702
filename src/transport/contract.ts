/**
 * What every pipe must do, as cases that know no test runner: each rejects with `InvariantError` when the pipe
 * breaks it.
 *
 * Uses buffers the way the broker does, scribbling over them as soon as the pipe says they are free. Waits for
 * conditions with a deadline and never for a time.
 */

import { byteCases } from "./contract-bytes.ts";
import { endCases } from "./contract-end.ts";
import type { PipeContractCase } from "./contract-pair.ts";

export type { ConnectPipes, PipeContractCase } from "./contract-pair.ts";

/** The contract; run every case with the dialer's end first, and once more with the acceptor's. */
export const pipeContract: readonly PipeContractCase[] = [...byteCases, ...endCases];
