/**
 * A client as the gate, hooks and listeners see it. Where it comes from costs a question to the system, which is put only
 * when somebody wants to know.
 */

import type { ClientAddress, Login } from "#auth";
import type { ConnectPacket, ProtocolVersion } from "#protocol";
import type { Pipe } from "#transport";
import type { PublishingClient } from "./judge-publish.ts";

export class ClientIdentity implements PublishingClient {
  readonly clientId: string;
  /** As in CONNECT, until the gate says otherwise. */
  userName: string | undefined;
  readonly protocolVersion: ProtocolVersion;
  readonly #pipe: Pipe;

  constructor(pipe: Pipe, packet: ConnectPacket, clientId: string) {
    this.#pipe = pipe;
    this.clientId = clientId;
    this.userName = packet.userName;
    this.protocolVersion = packet.protocolVersion;
  }

  get address(): ClientAddress {
    return this.#pipe.peer;
  }
}

/** What the gate is asked with. Holds the password, so it is not kept. */
export class ClientLogin extends ClientIdentity implements Login {
  readonly password: Uint8Array | undefined;

  constructor(pipe: Pipe, packet: ConnectPacket, clientId: string) {
    super(pipe, packet, clientId);
    this.password = packet.password;
  }
}
