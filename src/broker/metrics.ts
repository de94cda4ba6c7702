/** What the broker counts. Plain numbers that their owners raise where the thing happens. HOT. */

export class Metrics {
  bytesReceived = 0;
  /** Control Packets of every type. */
  packetsReceived = 0;
  packetsSent = 0;
  publishReceived = 0;
  publishSent = 0;
  publishBytesReceived = 0;
  publishBytesSent = 0;
  /** Connections of every transport, ever. */
  connectionsAccepted = 0;
  /** CONNECTs that were accepted. */
  connectsAccepted = 0;
  /** CONNECTs that were refused. */
  connectsRefused = 0;
  /** What clients may not publish, subscribe to or unsubscribe from, as the gate says. */
  requestsDenied = 0;
  sessionsExpired = 0;
  /** Most clients that were connected at the same time. */
  clientsMaximum = 0;
  /** Bugs of ours that ended a connection. */
  invariantErrors = 0;
}
