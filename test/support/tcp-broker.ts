/** A broker on a loopback port that the system chooses, and ways to reach it. */

import { connect, type Socket } from "node:net";
import type { ConnectPacket } from "#protocol";
import { PacketType } from "#protocol";
import { type BrokerOptions, createBroker, type MartletBroker } from "#server";
import { connectTcp } from "#transport";
import { RawClient, type RawClientOptions } from "./raw-client.ts";
import { until } from "./until.ts";

export interface TcpBroker {
  readonly broker: MartletBroker;
  readonly port: number;
  /** A connection that has sent nothing. */
  readonly open: (options?: RawClientOptions) => Promise<RawClient>;
  /** A client that has its CONNACK. */
  readonly client: (
    clientId: string,
    options?: RawClientOptions & { readonly connect?: Partial<ConnectPacket> },
  ) => Promise<RawClient>;
  /** A bare socket; its errors are nobody's. */
  readonly socket: () => Socket;
}

export async function startTcpBroker(options: BrokerOptions = {}): Promise<TcpBroker> {
  const broker = createBroker({
    listeners: [{ protocol: "tcp", port: 0, host: "127.0.0.1" }],
    ...options,
    settings: { sysIntervalSeconds: 0, ...options.settings },
  });
  await broker.start();
  const port = broker.addresses[0]?.port as number;
  const open = async (clientOptions?: RawClientOptions): Promise<RawClient> =>
    new RawClient(await connectTcp({ port }), clientOptions);
  return {
    broker,
    port,
    open,
    async client(clientId, { connect: changes = {}, ...clientOptions } = {}) {
      const client = await open(clientOptions);
      client.connect({ clientId, ...changes });
      await until(`CONNACK for ${clientId}`, () => client.last(PacketType.CONNACK) !== undefined);
      return client;
    },
    socket() {
      const socket = connect({ port, host: "127.0.0.1" });
      socket.on("error", () => undefined);
      return socket;
    },
  };
}
