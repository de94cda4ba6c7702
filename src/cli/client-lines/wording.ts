/** The words in which a version of mosquitto tells of clients, where versions differ. */

import type { BrokerEvents } from "#broker";
import { type AcknowledgementPacket, ReasonCode } from "#protocol";

export interface Wording {
  accepted(accepted: BrokerEvents["connectionAccepted"]): string;
  connected(client: BrokerEvents["clientConnected"]): string;
  /** Of a client whose session ends because it did not come back in time. */
  expired(clientId: string): string;
  /** Also of one that ended before its client was connected. */
  ended(ended: BrokerEvents["clientDisconnected"]): string;
  /** What stands in parentheses behind an acknowledgement that came. */
  received(packet: AcknowledgementPacket): string;
  /** The same for one that goes out. */
  sent(packet: AcknowledgementPacket): string;
}

type Peer = BrokerEvents["connectionAccepted"]["address"];

/** `127.0.0.1:40000`; Unix sockets have no ports. */
export function peerText({ transport, remoteAddress, remotePort }: Peer): string {
  return remotePort === 0 ? transport : `${remoteAddress}:${remotePort}`;
}

/** Of somebody who sent no CONNECT as well. */
export function nameOfClient(clientId: string): string {
  return clientId === "" ? "<unknown>" : clientId;
}

/** Whether it says that somebody may not come in, whoever it is; mosquitto does not tell a wrong password apart. */
export function refusesLogin(reasonCode: ReasonCode): boolean {
  return reasonCode === ReasonCode.NOT_AUTHORIZED || reasonCode === ReasonCode.BAD_USER_NAME_OR_PASSWORD;
}
