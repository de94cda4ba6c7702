/**
 * The broker that is attacked: this checkout's source, with a password and the limits as they come, except that it trusts no
 * address. Prints its ports for TCP and WebSocket, and ends with its standard input.
 */

import { systemClock, systemRandom } from "../../src/base/index.ts";
import { Broker } from "../../src/broker/index.ts";
import { ReasonCode } from "../../src/protocol/index.ts";
import { tcpListener, webSocketListener } from "../../src/transport/index.ts";

const broker = new Broker({
  clock: systemClock(),
  random: systemRandom(),
  settings: { trustedAddresses: [] },
  gate: {
    authenticate: ({ password }) =>
      password !== undefined && Buffer.from(password).toString() === "right"
        ? { outcome: "accepted" }
        : { outcome: "refused", reasonCode: ReasonCode.BAD_USER_NAME_OR_PASSWORD },
  },
});
broker.open();
const ports: (number | undefined)[] = [];
for (const listener of [
  tcpListener({ host: "127.0.0.1", port: 0 }),
  webSocketListener({ host: "127.0.0.1", port: 0 }),
]) {
  const [address] = await listener.start((pipe) => broker.accept(pipe, listener.kind));
  ports.push(address?.port);
}
console.log(ports.join(" "));
process.stdin.on("end", () => process.exit()).resume();
