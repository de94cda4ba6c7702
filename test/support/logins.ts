/** Logins and identities for tests of what judges them. */

import type { ClientCertificate, Identity, Login } from "#auth";
import { utf8Encode } from "#base";
import { ProtocolVersion } from "#protocol";

const address = { transport: "tcp", remoteAddress: "192.0.2.7", remotePort: 50_000, localPort: 1883 };

export type LoginWishes = Partial<Omit<Login, "password">> & { readonly password?: string | Uint8Array };

/** A login by 5.0 that says nothing of itself but what is wished. */
export function loginOf({ password, ...wishes }: LoginWishes = {}): Login {
  return {
    clientId: "c",
    userName: undefined,
    protocolVersion: ProtocolVersion.MQTT_5_0,
    keepAliveSeconds: 60,
    address,
    listener: "default",
    certificate: undefined,
    pskIdentity: undefined,
    openingRequest: undefined,
    ...wishes,
    password: typeof password === "string" ? utf8Encode(password) : password,
  };
}

export function identityOf(wishes: Partial<Identity> = {}): Identity {
  return {
    clientId: "c",
    userName: "alice",
    address,
    listener: "default",
    certificate: undefined,
    claims: undefined,
    ...wishes,
  };
}

export function certificateOf(wishes: Partial<ClientCertificate> = {}): ClientCertificate {
  return {
    subject: "CN=sensor-1",
    issuer: "CN=ca",
    subjectAltName: undefined,
    serialNumber: "01",
    fingerprint256: "AB:".repeat(31).concat("CD"),
    ...wishes,
  };
}
