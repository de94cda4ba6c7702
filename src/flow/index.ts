/**
 * @module flow: how the two ends of a connection take turns: quality of service, quotas, aliases, keep-alive. State
 * machines without sockets, used by the server and the client alike.
 */

export { KeepAlive } from "./keep-alive.ts";
export { Receiver } from "./receiver.ts";
export { type ByteLimit, InFlight, type Resend, Sender } from "./sender.ts";
export { InboundAliases, OutboundAliases } from "./topic-alias.ts";
