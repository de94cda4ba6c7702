/**
 * Other ways to a broker, which a program hands in when it wants them: the place that a broker shows, and the older version
 * when a broker does not know the newer one.
 */

import { isWireError, type ProtocolVersion, reasons, versions } from "#protocol";
import { ConnectionLostError, ConnectRefusedError } from "./errors.ts";
import { type BrokerUrl, parseBrokerUrl } from "./url.ts";

/** Where the next attempt goes, and whether all later ones do. */
export interface Detour {
  readonly url: BrokerUrl;
  readonly isForGood: boolean;
}

/** Where a Server Reference leads, if the reason code says so and the program wants to go there. */
export type FollowRedirect = (
  from: BrokerUrl,
  serverReference: string,
  reasonCode: number,
) => Detour | undefined;

/** The version to try after such a failure of the first attempt, if another one. */
export type Fallback = (error: Error, version: ProtocolVersion) => ProtocolVersion | undefined;

/**
 * Follows a broker that sends the client elsewhere; scheme and path stay, user name and password go along. `judge` may refuse
 * a place.
 *
 * @example connect(url, { redirect: followRedirect(({ host }) => host.endsWith(".example.org")) })
 */
export function followRedirect(judge: (to: BrokerUrl) => boolean = () => true): FollowRedirect {
  return (from, serverReference, reasonCode) => {
    const isForGood = reasonCode === reasons.SERVER_MOVED;
    if (!isForGood && reasonCode !== reasons.USE_ANOTHER_SERVER) return undefined;
    const url = redirected(from, serverReference);
    return url !== undefined && judge(url) ? { url, isForGood } : undefined;
  };
}

/**
 * For `fallback`: tries 3.1.1 when the broker refuses 5.0. A broker of 3.1.1 does so in its own words, which are malformed in
 * 5.0, or just closes.
 */
export function fallbackTo311(error: Error, version: ProtocolVersion): ProtocolVersion | undefined {
  if (version !== versions.MQTT_5_0) return undefined;
  const isRefusal =
    error instanceof ConnectRefusedError
      ? error.reasonCode === reasons.UNSUPPORTED_PROTOCOL_VERSION
      : error instanceof ConnectionLostError && (isWireError(error.cause) || error.source === "network");
  return isRefusal ? versions.MQTT_3_1_1 : undefined;
}

/** The same broker URL at the first place of a Server Reference, `host:port` or `host`; undefined for what is no place. */
export function redirected(url: BrokerUrl, reference: string): BrokerUrl | undefined {
  const [place = ""] = reference.trim().split(/\s+/);
  const { userName, password } = url;
  try {
    const next = parseBrokerUrl(`${url.scheme}://${place.replace(/^[a-z]+:\/\//i, "")}${url.path}`);
    return {
      ...next,
      userName,
      password,
    };
  } catch {
    return undefined;
  }
}
