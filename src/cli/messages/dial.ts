/**
 * How the message tools reach a broker: TCP, TLS with everything that the options say, Unix sockets, WebSocket, a SOCKS5 proxy.
 */

import { once } from "node:events";
import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import { connect as connectSocket, type Socket } from "node:net";
import { join } from "node:path";
import type { ConnectionOptions } from "node:tls";
import type { ClientPipe, Dial } from "#client";
import { connectWebSocket, PipeError } from "#transport";
import { parseProxy } from "./proxy-option.ts";
import { type MessageSettings, UsageError } from "./settings.ts";
import { SocketPipe } from "./socket-pipe.ts";
import { openThroughProxy } from "./socks5.ts";

const DEFAULT_ALPN = "mqtt";
const TLS_1_2 = "TLSv1.2" as const;
const TLS_1_3 = "TLSv1.3" as const;
const PSK_CIPHERS = "PSK+AESGCM:PSK+CHACHA20:PSK+AES:@SECLEVEL=0";

/** Where the broker is, as a URL for the client. */
export function brokerUrl(settings: MessageSettings): string {
  const { transport, path, host, isTls } = settings;
  if (transport === "unix") return `unix:${path}`;
  const scheme = transport === "websocket" ? (isTls ? "wss" : "ws") : isTls ? "mqtts" : "mqtt";
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${portOf(settings)}`;
}

export function portOf({ port, isTls }: MessageSettings): number {
  return port ?? (isTls ? 8883 : 1883);
}

/** @throws UsageError for files that cannot be read, and for what does not go together */
export async function dialFor(settings: MessageSettings): Promise<Dial> {
  const { transport, isTls } = settings;
  if (transport === "websocket") return await webSocketDial(settings);
  const secure: ConnectionOptions | undefined = isTls
    ? {
        ...(await trustOptions(settings)),
        host: settings.host,
        ALPNProtocols: [settings.tlsAlpn ?? DEFAULT_ALPN],
      }
    : undefined;
  if (secure !== undefined && transport === "unix")
    throw new UsageError("Error: --unix does not go with TLS.");
  return async ({ timeoutMs }): Promise<ClientPipe> => {
    const socket = open(settings);
    socket.setNoDelay(true);
    const limit = setTimeout(
      () => socket.destroy(new PipeError("timed-out", "The broker does not answer")),
      timeoutMs,
    );
    try {
      await once(socket, "connect");
      if (settings.proxy !== undefined) await throughProxy(socket, settings);
      if (secure === undefined) return new SocketPipe(socket);
      const { connect } = await import("node:tls");
      const secured = connect({ ...secure, socket });
      if (settings.tlsKeyLog !== undefined) {
        const file = settings.tlsKeyLog;
        secured.on("keylog", (line) => appendFileSync(file, line));
      }
      await once(secured, "secureConnect");
      return new SocketPipe(secured);
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      clearTimeout(limit);
    }
  };
}

function open(settings: MessageSettings): Socket {
  const { transport, path, host, bindAddress, proxy } = settings;
  if (transport === "unix") return connectSocket({ path });
  const target = proxy === undefined ? { host, port: portOf(settings) } : parseProxy(proxy);
  if (target === undefined) throw new UsageError("Error: Invalid proxy.");
  return connectSocket({
    host: target.host,
    port: target.port,
    ...(bindAddress === undefined ? {} : { localAddress: bindAddress }),
  });
}

async function throughProxy(socket: Socket, settings: MessageSettings): Promise<void> {
  const proxy = parseProxy(settings.proxy ?? "");
  if (proxy !== undefined)
    await openThroughProxy(socket, proxy, { host: settings.host, port: portOf(settings) });
}

/** All that is the same for TCP and WebSocket. */
async function trustOptions(settings: MessageSettings) {
  const { host, ciphers, tlsVersion, insecure, psk, pskIdentity, certFile, keyFile } = settings;
  const isName = !/^[\d.]+$|:/.test(host);
  return {
    ...(isName ? { servername: host } : {}),
    minVersion: tlsVersion === "tlsv1.3" ? TLS_1_3 : TLS_1_2,
    ...(tlsVersion === "tlsv1.2" || psk !== undefined ? { maxVersion: TLS_1_2 } : {}),
    ...(certFile === undefined ? {} : { cert: content(certFile, "--cert") }),
    ...(keyFile === undefined ? {} : { key: content(keyFile, "--key") }),
    // As with mosquitto: who signed the certificate still counts.
    ...(insecure ? { checkServerIdentity: () => undefined } : {}),
    ...(psk === undefined
      ? { ...(await authorities(settings)), ...(ciphers === undefined ? {} : { ciphers }) }
      : {
          ciphers: ciphers ?? PSK_CIPHERS,
          checkServerIdentity: () => undefined,
          pskCallback: () => ({ psk: Buffer.from(psk, "hex"), identity: pskIdentity ?? "" }),
        }),
  };
}

async function authorities({ caFile, caPath, useOsCerts }: MessageSettings): Promise<{ ca: string }> {
  const ca: string[] = [];
  if (caFile !== undefined) ca.push(content(caFile, "--cafile"));
  if (caPath !== undefined) {
    const names = folderContent(caPath).filter((name) => /\.(crt|pem)$/.test(name));
    ca.push(...names.map((name) => content(join(caPath, name), "--capath")));
  }
  if (useOsCerts || ca.length === 0) {
    const { getCACertificates } = await import("node:tls");
    ca.push(...getCACertificates("system"), ...getCACertificates("default"));
  }
  return { ca: ca.join("\n") };
}

function content(path: string, option: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw unreadable(path, option, error);
  }
}

function folderContent(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    throw unreadable(path, "--capath", error);
  }
}

function unreadable(path: string, option: string, error: unknown): UsageError {
  const why =
    (error as NodeJS.ErrnoException).code === "ENOENT" ? "File not found" : (error as Error).message;
  return new UsageError(`Error: Problem setting TLS options: ${why}.\n${option} ${path}`);
}

/** @throws UsageError for what a WebSocket cannot be told */
async function webSocketDial(settings: MessageSettings): Promise<Dial> {
  const { isTls, tlsAlpn } = settings;
  const given = Object.entries({
    "-A": settings.bindAddress,
    "--proxy": settings.proxy,
    "--tls-keylog": settings.tlsKeyLog,
  }).find(([, value]) => value !== undefined);
  if (given !== undefined) throw new UsageError(`Error: ${given[0]} is not supported with WebSocket.`);
  // Unasked, a web server would take ALPN for HTTP alone.
  const alpn = tlsAlpn === undefined ? {} : { ALPNProtocols: [tlsAlpn] };
  const tls = isTls ? { tls: { ...(await trustOptions(settings)), ...alpn } } : {};
  return ({ url, timeoutMs }) => connectWebSocket({ url: url.href, handshakeTimeoutMs: timeoutMs, ...tls });
}
