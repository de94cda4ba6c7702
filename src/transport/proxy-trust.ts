/**
 * Who may say in a PROXY header for whom they connect: whoever may could be anybody.
 */

import { AddressRanges, ConfigError } from "#base";

/** What a listener behind a proxy can be told. */
export interface ProxyOptions {
  /**
   * Whether each connection begins with a header of the PROXY protocol, version 1 or 2, that names the client. One without
   * is closed. Default false.
   */
  readonly proxyProtocol?: boolean;
  /**
   * The addresses of the proxies: `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`, `loopback`. Connections from others are closed.
   * Not on a Unix socket, where the rights of its file decide.
   */
  readonly trustedProxies?: readonly string[];
}

/** Why a connection may not name a client, as the end of a sentence. */
export const NOT_TRUSTED = "this address is none of trustedProxies";

/**
 * Those who may, or undefined when there is no header to be read.
 * @throws ConfigError whose path is `trustedProxies`
 */
export function trustedProxiesOf(
  { proxyProtocol = false, trustedProxies }: ProxyOptions,
  transport: "unix" | "port",
): AddressRanges | undefined {
  if (!proxyProtocol && trustedProxies !== undefined) {
    throw new ConfigError("trustedProxies", "nobody reads a PROXY header; set proxyProtocol as well.");
  }
  if (!proxyProtocol) return undefined;
  if (transport === "port" && (trustedProxies === undefined || trustedProxies.length === 0)) {
    throw new ConfigError("trustedProxies", "proxyProtocol needs the addresses of the proxies.");
  }
  return new AddressRanges(trustedProxies ?? [], "trustedProxies");
}
