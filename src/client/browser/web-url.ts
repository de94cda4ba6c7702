/**
 * URLs of brokers as the web's own parser reads them. Node's door knows more of `mqtt:` and `unix:`, see `url.ts`; here they
 * are for transports of one's own.
 */

import { ConfigError } from "#base";
import type { BrokerUrl, UrlScheme } from "../url.ts";

/** The port is 0 where the URL leaves it to its scheme. @throws ConfigError for what is no URL */
export function readWebUrl(text: string): BrokerUrl {
  if (!URL.canParse(text)) throw new ConfigError("url", "no URL");
  const { protocol, host, hostname, port, pathname, search, username, password } = new URL(text);
  const path = (pathname === "/" ? "/mqtt" : pathname) + search;
  return {
    scheme: protocol.slice(0, -1) as UrlScheme,
    host: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port),
    path,
    href: `${protocol}//${host}${path}`,
    userName: decodeURIComponent(username) || undefined,
    password: decodeURIComponent(password) || undefined,
  };
}
