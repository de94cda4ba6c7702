// A listener under test that keeps what it accepts, what those pipes read, and what the listener says. Ends with the test.
import { onTestFinished } from "vitest";
import type { ListenError, Pipe, TransportListener } from "#transport";

/** One accepted pipe. */
export interface AcceptedPipe {
  readonly pipe: Pipe;
  readonly chunks: Buffer[];
  isClosed: boolean;
  error: Error | undefined;
}

/** What a listener is told so that its words come here. */
export interface Hearing {
  readonly onProblem: (problem: ListenError) => void;
}

export interface Accepting<L extends TransportListener> {
  readonly listener: L;
  readonly port: number;
  readonly accepted: AcceptedPipe[];
  /** Sentences of the listener's problems. */
  readonly said: string[];
}

export async function accepting<L extends TransportListener>(
  make: (hearing: Hearing) => L,
): Promise<Accepting<L>> {
  const accepted: AcceptedPipe[] = [];
  const said: string[] = [];
  const listener = make({ onProblem: ({ message }) => void said.push(message) });
  const [address] = await listener.start((pipe) => {
    const record: AcceptedPipe = { pipe, chunks: [], isClosed: false, error: undefined };
    accepted.push(record);
    pipe.open({
      onBytes: (chunk) => void record.chunks.push(Buffer.from(chunk)),
      onWritten: () => undefined,
      onClosed(error) {
        record.isClosed = true;
        record.error = error;
      },
    });
  });
  onTestFinished(async () => {
    for (const { pipe } of accepted) pipe.destroy();
    await listener.close();
  });
  return { listener, port: address?.port ?? 0, accepted, said };
}

/** What a pipe has read. */
export function textOf({ chunks }: AcceptedPipe): string {
  return Buffer.concat(chunks).toString("latin1");
}
