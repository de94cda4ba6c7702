/**
 * What a service is asked, in JSON. Names in snake_case; what a client does not have is left out. docs/how-to/logins.md says
 * what each field means.
 */

import type { ClientAddress, ClientCertificate, Identity, Login } from "#auth";
import { bytesEqual, utf8Decode, utf8Encode } from "#base";
import type { Qos } from "#protocol";

/** The same text for the same login, wherever its port is. Holds the password. */
export function connectQuestion(login: Login): string {
  const { clientId, userName, password, pskIdentity, protocolVersion, keepAliveSeconds } = login;
  return JSON.stringify({
    action: "connect",
    client_id: clientId,
    user_name: userName,
    ...(password === undefined ? {} : passwordFields(password)),
    protocol_version: protocolVersion,
    keep_alive_seconds: keepAliveSeconds,
    ...originFields(login),
    psk_identity: pskIdentity,
  });
}

export function publishQuestion(client: Identity, topicName: string, qos: Qos, retain: boolean): string {
  return JSON.stringify({ action: "publish", ...clientFields(client), topic: topicName, qos, retain });
}

export function subscribeQuestion(client: Identity, topicFilter: string, qos: Qos): string {
  return JSON.stringify({ action: "subscribe", ...clientFields(client), topic_filter: topicFilter, qos });
}

/** A password is bytes; what is no text goes as Base64. */
function passwordFields(password: Uint8Array): Record<string, string> {
  const text = utf8Decode(password);
  if (bytesEqual(utf8Encode(text), password)) return { password: text };
  let binary = "";
  for (const byte of password) binary += String.fromCharCode(byte);
  return { password_base64: btoa(binary) };
}

function clientFields(client: Identity): Record<string, unknown> {
  const { clientId, userName, claims } = client;
  return { client_id: clientId, user_name: userName, ...originFields(client), claims };
}

interface Origin {
  readonly address: ClientAddress;
  readonly listener: string;
  readonly certificate: ClientCertificate | undefined;
}

function originFields({ address, listener, certificate }: Origin): Record<string, unknown> {
  return {
    listener,
    transport: address.transport,
    remote_address: address.remoteAddress,
    certificate: certificate === undefined ? undefined : certificateFields(certificate),
  };
}

function certificateFields(certificate: ClientCertificate): Record<string, unknown> {
  const { subject, issuer, subjectAltName, serialNumber, fingerprint256 } = certificate;
  return {
    subject,
    issuer,
    subject_alt_name: subjectAltName,
    serial_number: serialNumber,
    fingerprint256,
  };
}
