/**
 * A listener whose credentials can be replaced while it runs.
 */

import type { Server } from "node:net";
import type { BindTarget } from "./bind.ts";
import type { TransportListener } from "./pipe.ts";
import { ServerListener, type ServerListenerOptions, type ServerRecipe } from "./server-listener.ts";
import type { TlsCredentials } from "./tls-credentials.ts";
import type { TlsHandshakes } from "./tls-handshakes.ts";

/** One for TLS. */
export interface SecureListener extends TransportListener {
  /**
   * The next handshake has these credentials. Connections go on; nobody resumes one that the old ones let in.
   * @throws ConfigError whose path is the option; then the old ones stay
   */
  renew(credentials: TlsCredentials): void;
}

/** The one on Node's servers. */
export class SecureServerListener extends ServerListener<Server> implements SecureListener {
  readonly #handshakes: TlsHandshakes;

  constructor(
    target: BindTarget,
    options: ServerListenerOptions,
    recipe: ServerRecipe<Server>,
    handshakes: TlsHandshakes,
  ) {
    super(target, options, recipe);
    this.#handshakes = handshakes;
  }

  renew(credentials: TlsCredentials): void {
    this.#handshakes.renew(credentials);
  }
}
