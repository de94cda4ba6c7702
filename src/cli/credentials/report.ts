/** Credentials for people and for programs. Values stand as they are, as they have to be copied. */

import type { CloudCredentials } from "#clouds";

const LABEL_COLUMN = 12;

export function credentialLines(credentials: CloudCredentials): string[] {
  const { url, alpn, clientId, userName, password, keepAliveSeconds, expiresAtMs } = credentials;
  const rows: [string, string | undefined][] = [
    ["address", url],
    ["ALPN", alpn],
    ["client id", clientId],
    ["user name", userName],
    ["password", password],
    ["keep alive", keepAliveSeconds === undefined ? undefined : `${keepAliveSeconds} s`],
    ["good until", expiresAtMs === undefined ? undefined : timeText(expiresAtMs)],
  ];
  return rows
    .filter(([, value]) => value !== undefined)
    .map(([label, value]) => `${label.padEnd(LABEL_COLUMN)}${value}`);
}

export function credentialJson({ expiresAtMs, ...rest }: CloudCredentials): string {
  const expiresAt = expiresAtMs === undefined ? {} : { expiresAt: timeText(expiresAtMs) };
  return JSON.stringify({ ...rest, ...expiresAt }, undefined, 2);
}

function timeText(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}
