/** The table of the matrix: what each way to log in brings, rightly and wrongly, how it is refused, and where it cannot be. */

import {
  deviceLogin,
  type ListenerName,
  PSK,
  passwords,
  type Seals,
  tokenOf,
  UNSERVED,
  type Wishes,
  WRONG,
} from "./gatehouse.ts";
import type { Visit, versions } from "./visitor.ts";

export const doors = ["tcp", "tls", "mutual", "websocket", "wss"] as const;
export type DoorName = (typeof doors)[number];
type VersionName = (typeof versions)[number][0];

/** The codes of CONNACK in 3.x and in 5.0; none where TLS says no before. */
export const WRONG_PASSWORD = [4, 0x86] as const;
export const NOT_AUTHORIZED = [5, 0x87] as const;
const UNAVAILABLE = [3, 0x88] as const;
export const NO_CONNACK = [undefined, undefined] as const;
export type Codes = readonly [old: number | undefined, five: number | undefined];

export interface Refusal {
  readonly visit: (clientId: string) => Visit;
  readonly codes: Codes;
  /** In the line of the log. */
  readonly says: string;
}

export interface Row {
  /** Known as, when let in; undefined for nobody in particular. */
  readonly as: string | undefined;
  readonly right: (clientId: string) => Visit;
  readonly wrong: Readonly<Record<string, Refusal>>;
  readonly secrets: readonly string[];
  readonly wishes?: Partial<Wishes>;
  readonly doorOf?: (door: DoorName) => ListenerName;
  /** Where this cannot be, by door or version: why, and what happens to who tries. */
  readonly impossible?: Partial<Record<DoorName | VersionName, Refusal & { readonly reason: string }>>;
}

const says = (userName: string, password: string) => (clientId: string) => ({ clientId, userName, password });
const saysNothing = (clientId: string): Visit => ({ clientId });
export const NOBODY = "it says nothing that proves who it is";

function passwordRow(name: "sixten" | "seven" | "arne"): Row {
  return {
    as: name,
    right: says(name, passwords[name]),
    wrong: {
      "a wrong password": {
        visit: says(name, WRONG),
        codes: WRONG_PASSWORD,
        says: "refused by password-file: the password is wrong.",
      },
      "no password": {
        visit: (clientId) => ({ clientId, userName: name }),
        codes: WRONG_PASSWORD,
        says: "refused by password-file: the password is wrong.",
      },
    },
    secrets: [passwords[name], WRONG],
  };
}

function scramRow(name: "scarlet" | "scott", method: "SCRAM-SHA-256" | "SCRAM-SHA-512"): Row {
  const by = (userName: string, password: string) => (clientId: string) => ({
    clientId,
    scram: { method, userName, password },
  });
  // By user name and password there is nobody of this name: the file is for SCRAM alone.
  const tooOld = {
    reason: "CONNECT of 3.x has no place for an authentication method",
    visit: says(name, passwords[name]),
    codes: WRONG_PASSWORD,
    says: "refused: no login provider knows this user.",
  };
  return {
    as: name,
    right: by(name, passwords[name]),
    wrong: {
      "a wrong password": {
        visit: by(name, WRONG),
        codes: NOT_AUTHORIZED,
        says: `(${method}) refused by scram: the password is wrong.`,
      },
      "an unknown user": {
        visit: by("nobody", WRONG),
        codes: NOT_AUTHORIZED,
        says: `(${method}) refused by scram: this user is not in the password file.`,
      },
    },
    secrets: [passwords[name], WRONG],
    // A certificate would be the login of who cannot name a method.
    wishes: { takesCertificates: false },
    impossible: { "3.1": tooOld, "3.1.1": tooOld },
  };
}

function tokenRow(): Row {
  const token = tokenOf("tokena");
  const forged = tokenOf("tokena", { secret: "another secret that is long enough for it" });
  const expired = tokenOf("tokena", { lastsSeconds: -600 });
  return {
    as: "tokena",
    right: says("whoever", token),
    wrong: {
      "a forged token": {
        visit: says("whoever", forged),
        codes: WRONG_PASSWORD,
        says: "refused by jwt: the token is not good:",
      },
      "an expired token": {
        visit: says("whoever", expired),
        codes: NOT_AUTHORIZED,
        says: "refused by jwt: the token has expired.",
      },
    },
    secrets: [token, forged, expired].map((each) => each.slice(each.lastIndexOf(".") + 1)),
  };
}

const httpRow: Row = {
  as: "hana",
  right: says("hana", passwords.hana),
  wrong: {
    "a wrong password": {
      visit: says("hana", WRONG),
      codes: NOT_AUTHORIZED,
      says: "refused by http: the service does not let it in.",
    },
    "a service in trouble": {
      visit: says(UNSERVED, WRONG),
      codes: UNAVAILABLE,
      says: "refused by http: the service answered with status 500.",
    },
  },
  secrets: [passwords.hana, WRONG],
};

function certificateRow(seals: Seals): Row {
  const notAsked = { visit: saysNothing, codes: NOT_AUTHORIZED, says: `refused: ${NOBODY}.` };
  const noTls = { ...notAsked, reason: "without TLS there is no handshake to show a certificate in" };
  const showing =
    (pair: { readonly cert: string; readonly key: string }) =>
    (clientId: string): Visit => ({ clientId, certificate: pair });
  return {
    as: "cecil",
    right: showing(seals.client),
    wrong: {
      "a certificate without a name": {
        visit: showing(seals.nameless),
        codes: NOT_AUTHORIZED,
        says: "refused by certificate: the certificate does not say who it is: it has no common-name.",
      },
    },
    secrets: [seals.client.key, seals.nameless.key],
    impossible: {
      tcp: noTls,
      websocket: noTls,
      tls: {
        ...notAsked,
        reason: "with client_certificate = none nobody is asked for one",
        visit: showing(seals.client),
      },
    },
  };
}

function pskRow(): Row {
  const { identity, key } = PSK;
  const other = Buffer.from(key.toReversed());
  const by = (name: string, bytes: Buffer) => (clientId: string) => ({
    clientId,
    psk: { identity: name, key: bytes },
  });
  const noTls = {
    reason: "a pre-shared key is one of TLS",
    visit: saysNothing,
    codes: NOT_AUTHORIZED,
    says: `refused: ${NOBODY}.`,
  };
  return {
    as: identity,
    right: by(identity, key),
    wrong: {
      "a wrong key": {
        visit: by(identity, other),
        codes: NO_CONNACK,
        says: " failed: decryption failed or bad record mac",
      },
      "an unknown identity": {
        visit: by("nobody", key),
        codes: NO_CONNACK,
        says: " failed: psk identity not found",
      },
    },
    secrets: [key, other].flatMap((each) => [each.toString("hex"), each.toString("base64")]),
    doorOf: (door) => (door === "tls" || door === "mutual" || door === "wss" ? `${door}-psk` : door),
    impossible: { tcp: noTls, websocket: noTls },
  };
}

const cloudRow: Row = {
  as: "clara&gh1234",
  right: (clientId) => deviceLogin(clientId),
  wrong: {
    "a signature by another secret": {
      visit: (clientId) => deviceLogin(clientId, WRONG),
      codes: WRONG_PASSWORD,
      says: "refused by cloud: the signature does not fit the secret of device clara of gh1234.",
    },
  },
  secrets: ["device-secret-of-clara", WRONG],
};

const rolesRow: Row = {
  as: "dynah",
  right: says("dynah", passwords.dynah),
  wrong: {
    "a wrong password": {
      visit: says("dynah", WRONG),
      codes: NOT_AUTHORIZED,
      says: "refused by roles: the password of the client dynah is wrong.",
    },
  },
  secrets: [passwords.dynah, WRONG],
  // A certificate that is a login is asked before the roles are.
  wishes: { takesCertificates: false },
};

const anonymousRow: Row = {
  as: undefined,
  right: saysNothing,
  wrong: {
    "a user name": {
      visit: says("nobody", WRONG),
      codes: WRONG_PASSWORD,
      says: "refused: no login provider knows this user.",
    },
  },
  secrets: [WRONG],
  wishes: { takesCertificates: false, allowsAnonymous: true },
};

/** By what is brought. */
export const rows: Readonly<Record<string, (seals: Seals) => Row>> = {
  "nothing at all": () => anonymousRow,
  "a password, $6$": () => passwordRow("sixten"),
  "a password, $7$": () => passwordRow("seven"),
  "a password, argon2id": () => passwordRow("arne"),
  "SCRAM-SHA-256": () => scramRow("scarlet", "SCRAM-SHA-256"),
  "SCRAM-SHA-512": () => scramRow("scott", "SCRAM-SHA-512"),
  "a token": tokenRow,
  "a service over HTTP": () => httpRow,
  "a certificate": certificateRow,
  "a pre-shared key": pskRow,
  "a cloud's signature": () => cloudRow,
  "a client of dynamic security": () => rolesRow,
};
