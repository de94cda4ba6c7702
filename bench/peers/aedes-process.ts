/** The process of the peer "aedes". Prints its port, and ends with its standard input. */

import { once } from "node:events";
import { createServer } from "node:net";
import { Aedes } from "aedes";

const broker = await Aedes.createBroker();
const server = createServer({ noDelay: true }, (socket) => void broker.handle(socket));
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 });
await once(server, "listening");
const address = server.address();
console.log(typeof address === "object" ? address?.port : "");
// Whoever started it holds the other end.
process.stdin.on("end", () => process.exit()).resume();
