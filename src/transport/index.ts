/**
 * @module transport: byte pipes behind one port, over TCP, TLS, Unix sockets, WebSocket and memory. No packets here.
 */

export type { ArrivalOptions } from "./arrivals.ts";
export type { SocketFamily } from "./bind.ts";
export { type ConnectPipes, type PipeContractCase, pipeContract } from "./contract.ts";
export { ListenError, listenOnPortError, PipeError, type PipeErrorKind } from "./errors.ts";
export { type MemoryListener, memoryListener, memoryPipes } from "./memory.ts";
export type {
  ListeningAddress,
  OpeningRequest,
  PeerAddress,
  PeerCertificate,
  Pipe,
  PipeReceiver,
  TransportKind,
  TransportListener,
} from "./pipe.ts";
export type { ListenNotice, PipeChoice } from "./pipe-choice.ts";
export type { ProxyOptions } from "./proxy-trust.ts";
export type { SecureListener } from "./secure-listener.ts";
export { connectTcp, type TcpDialOptions, type TcpListenerOptions, tcpListener } from "./tcp.ts";
export { connectTls, type TlsDialOptions, type TlsListenerOptions, tlsListener } from "./tls.ts";
export {
  type ClientCertificateDemand,
  checkCredentials,
  type PreSharedKeys,
  type TlsCredentials,
  type TlsIdentity,
} from "./tls-credentials.ts";
export {
  connectWebSocket,
  type SecureWebSocketListenerOptions,
  secureWebSocketListener,
  type WebSocketDialOptions,
  type WebSocketListenerOptions,
  webSocketListener,
} from "./websocket.ts";
export type { OriginRule } from "./websocket-wishes.ts";
