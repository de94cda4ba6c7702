/**
 * A client as the gate, hooks and listeners see it. Where it comes from costs a question to the system, which is put only
 * when somebody wants to know.
 */

import type { ClientAddress, ClientCertificate, Login, OpeningRequest } from "#auth";
import type { ConnectPacket, ProtocolVersion } from "#protocol";
import type { Pipe } from "#transport";
import type { PublishingClient } from "./judge-publish.ts";
import { type RetainedSource, retainedSource } from "./retained-source.ts";
import type { TopicLimits } from "./topic-limits.ts";

const NOWHERE: ClientAddress = { transport: "", remoteAddress: "", remotePort: 0, localPort: 0 };

export class ClientIdentity implements PublishingClient {
  // As in CONNECT, until the gate says otherwise.
  clientId: string;
  userName: string | undefined;
  readonly protocolVersion: ProtocolVersion;
  readonly listener: string;
  /** Of its topics, once it is connected. */
  limits: TopicLimits | undefined = undefined;
  /** Said by the gate. */
  claims: Readonly<Record<string, unknown>> | undefined = undefined;
  #source: RetainedSource | undefined = undefined;
  #pipe: Pipe | undefined;
  #address: ClientAddress | undefined = undefined;
  #certificate: ClientCertificate | undefined = undefined;

  constructor(pipe: Pipe, listener: string, packet: ConnectPacket, clientId: string) {
    this.#pipe = pipe;
    this.listener = listener;
    this.clientId = clientId;
    this.userName = packet.userName;
    this.protocolVersion = packet.protocolVersion;
  }

  get certificate(): ClientCertificate | undefined {
    return this.#pipe === undefined ? this.#certificate : this.#pipe.peerCertificate;
  }

  get address(): ClientAddress {
    return this.#pipe?.peer ?? this.#address ?? NOWHERE;
  }

  /** For what it retains. */
  get source(): RetainedSource {
    this.#source ??= retainedSource(this);
    return this.#source;
  }

  /** The connection is over: what outlives it no longer holds on to the pipe. */
  settle(): void {
    if (this.#pipe === undefined) return;
    const { transport, remoteAddress, remotePort, localPort } = this.#pipe.peer;
    this.#address = { transport, remoteAddress, remotePort, localPort };
    this.#certificate = this.#pipe.peerCertificate;
    this.#pipe = undefined;
  }
}

/** What the gate is asked with. Holds the password, so it is not kept. */
export class ClientLogin extends ClientIdentity implements Login {
  readonly password: Uint8Array | undefined;
  readonly keepAliveSeconds: number;
  readonly #pipe: Pipe;

  constructor(pipe: Pipe, listener: string, packet: ConnectPacket, clientId: string) {
    super(pipe, listener, packet, clientId);
    this.#pipe = pipe;
    this.password = packet.password;
    this.keepAliveSeconds = packet.keepAliveSeconds;
  }

  get pskIdentity(): string | undefined {
    return this.#pipe.pskIdentity;
  }

  get openingRequest(): OpeningRequest | undefined {
    return this.#pipe.openingRequest;
  }
}
