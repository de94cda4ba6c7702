/** `-L`: user name, password, host, port and topic in one URL. */

import { type MessageSettings, UsageError } from "./settings.ts";

interface Scheme {
  readonly port: number;
  readonly isTls: boolean;
  readonly isWebSocket: boolean;
}

const schemes: Readonly<Record<string, Scheme>> = {
  mqtt: { port: 1883, isTls: false, isWebSocket: false },
  mqtts: { port: 8883, isTls: true, isWebSocket: false },
  ws: { port: 1883, isTls: false, isWebSocket: true },
  wss: { port: 8883, isTls: true, isWebSocket: true },
};

/** Takes over what `url` says and returns its topic. Nothing in it is percent-decoded, as in mosquitto. @throws UsageError */
export function readUrl(settings: MessageSettings, url: string): string {
  const [, name = "", rest = ""] = /^([a-z]+):\/\/(.*)$/is.exec(url) ?? [];
  const scheme = schemes[name.toLowerCase()];
  if (scheme === undefined) throw new UsageError("Error: Unsupported URL scheme.\n");
  const slash = rest.indexOf("/");
  if (slash < 0) throw new UsageError("Error: Invalid URL for -L argument specified - topic missing.");
  const authority = rest.slice(0, slash);
  const at = authority.lastIndexOf("@");
  if (at >= 0) {
    const [, userName = "", password] = /^([^:]*)(?::(.*))?$/s.exec(authority.slice(0, at)) ?? [];
    settings.userName = userName;
    if (password !== undefined) settings.password = password;
  }
  const [, ipv6, host = "", port] =
    /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(authority.slice(at + 1)) ?? [];
  settings.host = ipv6 ?? host;
  settings.port = port === undefined ? scheme.port : Number(port);
  settings.isTls = scheme.isTls;
  settings.transport = scheme.isWebSocket ? "websocket" : "tcp";
  return rest.slice(slash + 1);
}
