/**
 * @module transport: byte pipes behind one port, over TCP, Unix sockets, WebSocket and memory. No packets here.
 */

export { type ConnectPipes, type PipeContractCase, pipeContract } from "./contract.ts";
export { ListenError, PipeError, type PipeErrorKind } from "./errors.ts";
export { type MemoryListener, memoryListener, memoryPipes } from "./memory.ts";
export type {
  ListeningAddress,
  PeerAddress,
  Pipe,
  PipeReceiver,
  TransportKind,
  TransportListener,
} from "./pipe.ts";
export { connectTcp, type TcpDialOptions, type TcpListenerOptions, tcpListener } from "./tcp.ts";
export {
  connectWebSocket,
  type WebSocketDialOptions,
  type WebSocketListenerOptions,
  webSocketListener,
} from "./websocket.ts";
