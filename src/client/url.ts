/**
 * Where the broker is: `mqtt:`, `mqtts:`, `ws:` and `wss:` URLs, and `unix:/path`. User name and password may stand in the
 * URL; they are taken out of it, so that it can be shown.
 */

import { ConfigError } from "#base";

export type UrlScheme = "mqtt" | "mqtts" | "ws" | "wss" | "unix";

export interface BrokerUrl {
  readonly scheme: UrlScheme;
  /** Without the brackets of an IPv6 address; empty for `unix`. */
  readonly host: string;
  readonly port: number;
  /** Of a WebSocket with its query, or of a Unix socket. */
  readonly path: string;
  /** The whole, without user name and password. */
  readonly href: string;
  readonly userName?: string | undefined;
  readonly password?: string | undefined;
}

const defaultPorts = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443, unix: 0 } as const;

/** Schemes that others use for the same thing. */
const otherNames: Readonly<Record<string, UrlScheme>> = { tcp: "mqtt", ssl: "mqtts", tls: "mqtts" };

/** @throws ConfigError for what is no URL of a broker */
export function parseBrokerUrl(text: string): BrokerUrl {
  const [, name = "", rest = ""] = /^([a-z]+):(.*)$/is.exec(text) ?? [];
  const scheme = (otherNames[name.toLowerCase()] ?? name.toLowerCase()) as UrlScheme;
  if (!Object.hasOwn(defaultPorts, scheme)) {
    throw new ConfigError("url", "it begins with mqtt://, mqtts://, ws://, wss:// or unix:.");
  }
  if (scheme === "unix") {
    const path = rest.replace(/^\/\/(?=\/)/, "");
    return { scheme, host: "", port: 0, path, href: `unix:${path}` };
  }
  // Browsers know no mqtt: URLs; they read the authority of http: ones only.
  const isSecure = scheme === "wss" || scheme === "mqtts";
  let url: URL;
  try {
    url = new URL(`${isSecure ? "https" : "http"}:${rest}`);
  } catch {
    throw new ConfigError("url", "it is no URL.");
  }
  // The port that http: or https: would leave out.
  const written = /^\/\/[^/?#]*:(\d+)(?:[/?#]|$)/.exec(rest)?.[1];
  const port = written === undefined ? defaultPorts[scheme] : Number(written);
  const isWebSocket = scheme === "ws" || scheme === "wss";
  const path = isWebSocket ? `${url.pathname === "/" ? "/mqtt" : url.pathname}${url.search}` : "";
  return {
    scheme,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port,
    path,
    href: `${scheme}://${url.hostname}:${port}${path}`,
    userName: decodeURIComponent(url.username) || undefined,
    password: decodeURIComponent(url.password) || undefined,
  };
}
