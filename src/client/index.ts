/**
 * @module client: the MQTT Client for Node, over TCP, TLS, Unix sockets, WebSocket or a transport of your own.
 *
 * @example
 * ```ts
 * import { connect } from "martlet/client";
 *
 * const client = await connect("mqtt://localhost");
 * await client.publish("greeting", "hello", { qos: 1 });
 * await client.close();
 * ```
 */

export * from "./exports.ts";
export * from "./extras.ts";
export { connect, type NodeConnectOptions, type TlsOptions } from "./node/connect.ts";
export { fileOutbox } from "./node/file-outbox.ts";
