/**
 * One way to log in, as a port. Providers stand in a chain: each judges the logins that are its business and passes on the
 * others. A provider knows neither its place nor its neighbours.
 */

import type { Accepted, Exchange, Login, Refused } from "#auth";
import type { MaybePromise } from "#base";

export interface LoginProvider {
  /** For logs and configuration, e.g. `password-file`. */
  readonly name: string;
  /**
   * Judges; undefined when this login is none of its business (the next provider is asked; at the end everybody is refused).
   */
  authenticate(login: Login): MaybePromise<Accepted | Refused | undefined>;
  /** Begins an enhanced authentication; undefined when `method` is none of its own. */
  beginExchange?(method: string, login: Login): Exchange | undefined;
}

/** A refusal that says why. */
export interface RefusedLogin extends Refused {
  /**
   * What goes to the log, never to the client and never with a secret in it, for example "the signature does not fit the
   * secret of device dev1".
   */
  readonly reason: string;
}
