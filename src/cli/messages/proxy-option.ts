/** `--proxy`: a SOCKS5 proxy as a URL. */

const DEFAULT_PORT = 1080;

export interface Proxy {
  readonly host: string;
  readonly port: number;
  readonly userName?: string;
  readonly password?: string;
  /** The proxy looks up names. */
  readonly looksUpNames: boolean;
}

/** `socks5h://[user[:password]@]host[:port]`, or `socks5:`; undefined for what is none. */
export function parseProxy(text: string): Proxy | undefined {
  const [, scheme, place = ""] = /^(socks5h?):\/\/(.+)$/.exec(text) ?? [];
  if (scheme === undefined) return undefined;
  let url: URL;
  try {
    url = new URL(`http://${place}`);
  } catch {
    return undefined;
  }
  const port = /:(\d+)$/.exec(text)?.[1];
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: port === undefined ? DEFAULT_PORT : Number(port),
    looksUpNames: scheme === "socks5h",
    ...(url.username === "" ? {} : { userName: decodeURIComponent(url.username) }),
    ...(url.password === "" ? {} : { password: decodeURIComponent(url.password) }),
  };
}
