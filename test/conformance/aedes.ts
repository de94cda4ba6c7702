// aedes as a target: one broker in this process for each set of options that cases need. It speaks 3.1 and 3.1.1 only.
import { createServer, type Server } from "node:net";
import { Aedes } from "aedes";
import type { BrokerOptions, ConformanceTarget } from "../../src/testing/conformance/target.ts";
import { urlTarget } from "../../src/testing/conformance/url-target.ts";

interface Running {
  readonly target: ConformanceTarget;
  stop(): Promise<void>;
}

async function start({ user, refusedClientIds, ...others }: BrokerOptions): Promise<Running | undefined> {
  if (Object.keys(others).length > 0) return undefined;
  const broker = await Aedes.createBroker({
    authenticate(client, userName, password, done) {
      const isRefused = refusedClientIds?.test(client.id) === true;
      const isRight = userName === user?.userName && password?.toString() === user?.password;
      if (isRefused) done(Object.assign(new Error("refused"), { returnCode: 2 }), false);
      else if (user !== undefined && !isRight)
        done(Object.assign(new Error("refused"), { returnCode: 4 }), false);
      else done(null, true);
    },
    authorizePublish(_client, packet, done) {
      done(user !== undefined && packet.topic.startsWith("denied/") ? new Error("denied") : null);
    },
  });
  const server: Server = createServer((socket) => void broker.handle(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return {
    target: urlTarget(`mqtt://127.0.0.1:${port}`),
    async stop() {
      await new Promise<void>((resolve) => broker.close(resolve));
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Starts brokers as cases need them; `close` ends all. */
export function aedesTarget(): ConformanceTarget {
  const brokers = new Map<string, Promise<Running | undefined>>();
  return {
    name: "aedes",
    async prepare({ broker: options = {}, ...needs }) {
      const key = JSON.stringify(options, (_, value: unknown) =>
        value instanceof RegExp ? String(value) : value,
      );
      const starting = brokers.get(key) ?? start(options);
      brokers.set(key, starting);
      const broker = await starting;
      if (broker === undefined) return { notSupported: `aedes has no ${Object.keys(options).join(", ")}` };
      return await broker.target.prepare(needs);
    },
    async close() {
      for (const broker of brokers.values()) await (await broker)?.stop();
    },
  };
}
