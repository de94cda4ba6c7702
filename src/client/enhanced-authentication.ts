/**
 * Enhanced authentication (4.12) on the connections of one client: the rounds at connect, and again on a live connection. A
 * client has this only when its program hands it in.
 */

import { type Clock, StateError } from "#base";
import { type AuthPacket, type ConnackPacket, packetTypes, protocolError, reasons } from "#protocol";
import type { Link } from "./link.ts";
import { Operation } from "./operation.ts";
import type {
  AuthenticationExchange,
  AuthenticationHost,
  Authenticator,
  ConnectionAuthentication,
  OpenAuthentication,
  OperationOptions,
} from "./options.ts";

/**
 * Makes of a method what `connect` takes.
 *
 * @example connect(url, { authentication: enhancedAuthentication(scramSha256({ userName: "me", password: "secret" })) })
 */
export function enhancedAuthentication(authenticator: Authenticator): OpenAuthentication {
  return (host) => new EnhancedAuthentication(authenticator, host);
}

class EnhancedAuthentication implements ConnectionAuthentication {
  readonly method: string;
  readonly #authenticator: Authenticator;
  readonly #host: AuthenticationHost;
  #exchange: AuthenticationExchange | undefined;
  #again: Operation<void> | undefined;

  constructor(authenticator: Authenticator, host: AuthenticationHost) {
    this.method = authenticator.method;
    this.#authenticator = authenticator;
    this.#host = host;
  }

  async begin(): Promise<Uint8Array | undefined> {
    const exchange = this.#authenticator.begin();
    this.#exchange = exchange;
    return exchange.start();
  }

  onConnack(link: Link, { properties }: ConnackPacket, goOn: () => void): void {
    const exchange = this.#exchange;
    if (exchange?.finish === undefined) {
      this.#exchange = undefined;
      goOn();
      return;
    }
    this.#step(link, async () => {
      await exchange.finish?.(properties.authenticationData);
      this.#exchange = undefined;
      if (this.#host.isCurrent(link)) goOn();
    });
  }

  onAuth(link: Link, { reasonCode, properties }: AuthPacket): void {
    const exchange = this.#exchange;
    // [MQTT-4.12.0-7]
    if (exchange === undefined || properties.authenticationMethod !== this.method) {
      throw protocolError("MQTT-4.12.0-1");
    }
    this.#step(link, async () => {
      if (reasonCode === reasons.CONTINUE_AUTHENTICATION) {
        const data = await exchange.next(properties.authenticationData);
        if (this.#host.isCurrent(link)) this.#send(link, reasons.CONTINUE_AUTHENTICATION, data); // [MQTT-4.12.0-3]
        return;
      }
      await exchange.finish?.(properties.authenticationData);
      link.answered();
      this.#exchange = undefined;
      this.#again?.resolve();
      this.#again = undefined;
    });
  }

  onLost(error: Error): void {
    this.#exchange = undefined;
    this.#again?.reject(error);
    this.#again = undefined;
  }

  /** Proves again who we are [MQTT-4.12.1-1]. Whoever gives up half-way ends the connection. */
  again(link: Link | undefined, clock: Clock, limits: OperationOptions): Promise<void> {
    const operation = new Operation<void>();
    operation.limit(clock, "reauthenticate", limits, (error) => {
      operation.reject(error);
      if (operation === this.#again) this.#host.fail(error);
    });
    if (link === undefined || this.#again !== undefined) {
      operation.reject(new StateError("there is nothing to authenticate again"));
    }
    if (link === undefined || operation.isSettled) return operation.promise;
    this.#again = operation;
    this.#step(link, async () => {
      const data = await this.begin();
      if (!this.#host.isCurrent(link)) return;
      this.#send(link, reasons.RE_AUTHENTICATE, data);
      link.await();
    });
    return operation.promise;
  }

  #send(link: Link, reasonCode: AuthPacket["reasonCode"], data: Uint8Array | undefined): void {
    link.send({
      type: packetTypes.AUTH,
      reasonCode,
      properties: {
        authenticationMethod: this.method,
        ...(data === undefined ? {} : { authenticationData: data }),
      },
    });
  }

  /** What an authenticator throws ends the connection. */
  #step(link: Link, work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      if (this.#host.isCurrent(link)) this.#host.fail(error);
    });
  }
}
