// The pipe contract on real listeners, for each transport and from both ends.
import { describe, test } from "vitest";
import {
  type ConnectPipes,
  type ListeningAddress,
  type Pipe,
  pipeContract,
  type TransportListener,
} from "#transport";

/** Connects through a listener that is closed again at once, since existing pipes go on. */
export async function through(
  listener: TransportListener,
  dial: (address: ListeningAddress) => Promise<Pipe>,
): Promise<readonly [dialer: Pipe, acceptor: Pipe]> {
  const { promise: accepted, resolve } = Promise.withResolvers<Pipe>();
  const [address] = await listener.start(resolve);
  const pipes = await Promise.all([dial(address as ListeningAddress), accepted]);
  await listener.close();
  return pipes;
}

/** Makes the tests of the contract for `transports`, by their names. */
export function testContract(transports: Readonly<Record<string, ConnectPipes>>): void {
  describe.each(Object.entries(transports))("%s", (_name, connect) => {
    const reversed: ConnectPipes = async (graceMs) => {
      const [dialer, acceptor] = await connect(graceMs);
      return [acceptor, dialer];
    };
    for (const { name, run } of pipeContract) {
      test(`${name} (dialer first)`, () => run(connect));
      test(`${name} (acceptor first)`, () => run(reversed));
    }
  });
}
