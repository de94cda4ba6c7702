/**
 * `connect` for Node: which transport a URL means, and what TLS needs to know.
 */

import { ConfigError, systemRandom, utf8Decode } from "#base";
import { connectTcp, connectTls, connectWebSocket, type WebSocketDialOptions } from "#transport";
import { connectWith, type MqttClient } from "../client.ts";
import { clientClock } from "../client-clock.ts";
import { checkOptions } from "../foreign-options.ts";
import type { ConnectOptions } from "../options.ts";
import type { ClientPipe, Dial } from "../pipe.ts";
import { parseBrokerUrl } from "../url.ts";

const KEEP_ALIVE_SECONDS = 60;

/** PEM texts, or their bytes. */
export interface TlsOptions {
  /** Who vouches for the broker. Default: the authorities that Node knows. */
  readonly ca?: string | Uint8Array;
  /** This client's certificate and key, for mutual TLS. */
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
  /** The name in the broker's certificate, if it is not the host of the URL. */
  readonly serverName?: string;
}

export interface NodeConnectOptions extends ConnectOptions {
  /** For `mqtts:` and `wss:`. The broker's certificate is always checked. */
  readonly tls?: TlsOptions;
  /** Sent with the handshake of a WebSocket, for example a token for a proxy. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Connects to a broker and resolves when it has let the client in. Lost connections come back by themselves.
 *
 * @example const client = await connect("mqtts://broker.example.org", { userName: "me", password: "secret" });
 * @throws ConfigError, InvalidPacketError, ConnectRefusedError, ConnectionLostError, AbortedError
 */
export async function connect(url: string, options: NodeConnectOptions = {}): Promise<MqttClient> {
  checkOptions(options);
  for (const name of ["ca", "cert", "key"]) {
    if (name in options) throw new ConfigError(name, `the option is tls.${name}`);
  }
  return connectWith(url, options, {
    clock: clientClock(),
    random: systemRandom(),
    dial: dialFor(options),
    readUrl: parseBrokerUrl,
    keepAliveSeconds: KEEP_ALIVE_SECONDS,
  });
}

function dialFor({ tls = {}, headers = {} }: NodeConnectOptions): Dial {
  return ({ url, timeoutMs }): Promise<ClientPipe> => {
    const { scheme, host, port, path } = url;
    switch (scheme) {
      case "mqtt":
        return connectTcp({ host, port, timeoutMs });
      case "unix":
        return connectTcp({ path, timeoutMs });
      case "mqtts":
        return connectTls({ host, port, handshakeTimeoutMs: timeoutMs, ...tls });
      case "ws":
      case "wss":
        return connectWebSocket({
          url: url.href,
          headers,
          handshakeTimeoutMs: timeoutMs,
          tls: webSocketTls(tls),
        });
    }
  };
}

/** In the words of Node's TLS, which reads texts. */
function webSocketTls({ serverName, ...pem }: TlsOptions): NonNullable<WebSocketDialOptions["tls"]> {
  const texts = Object.entries(pem).map(([name, value]) => [
    name,
    typeof value === "string" ? value : utf8Decode(value),
  ]);
  return {
    ...(Object.fromEntries(texts) as Record<string, string>),
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
}
