/**
 * Azure IoT Hub with shared access signatures. Other than elsewhere, the address is signed as it is written, percent-encoded. A
 * connection ends when its signature expires. Devices with certificates have no password and are none of this file's business.
 */

import type { Login } from "#auth";
import { type Clock, utf8Decode, utf8Encode } from "#base";
import {
  acceptedDevice,
  type Claim,
  type CloudLoginOptions,
  type CloudProvider,
  type CloudRefused,
  cloudLogin,
  type SecretOwner,
  wrong,
} from "./cloud-login.ts";
import type { CloudCredentials } from "./credentials.ts";
import {
  base64Of,
  bytesOfBase64,
  namedValues,
  percentDecoded,
  percentEncoded,
  wholeNumber,
} from "./encodings.ts";
import type { KeyedHashing } from "./keyed-hashing.ts";

const SCHEME = "SharedAccessSignature ";
const DOMAIN = ".azure-devices.net";
const API_VERSION = "2021-04-12";
const ADVISED_KEEP_ALIVE_SECONDS = 240;

export interface AzureOptions {
  /** Its name, without `.azure-devices.net`. */
  readonly hub: string;
  readonly deviceId: string;
  readonly moduleId?: string | undefined;
  /** In Base64: that of the device or module, or of `policy`. */
  readonly key: string;
  /** The key is that of this policy of the hub, and good for all its devices. */
  readonly policy?: string | undefined;
  /** Seconds since 1970. */
  readonly expiresAtSeconds: number;
}

/** Undefined when the key is no Base64. */
export function azureCredentials(options: AzureOptions, hashing: KeyedHashing): CloudCredentials | undefined {
  const { hub, deviceId, moduleId, policy, expiresAtSeconds } = options;
  const host = `${hub}${DOMAIN}`;
  const name = moduleId === undefined ? deviceId : `${deviceId}/${moduleId}`;
  const resource = policy === undefined ? resourceOf(host, name) : host;
  const address = percentEncoded(resource);
  const expiry = String(expiresAtSeconds);
  const signature = azureSignature({ key: options.key, address, expiry }, hashing);
  if (signature === undefined) return undefined;
  const fields = [
    `sr=${address}`,
    `sig=${percentEncoded(base64Of(signature))}`,
    `se=${expiry}`,
    ...(policy === undefined ? [] : [`skn=${percentEncoded(policy)}`]),
  ];
  return {
    clientId: name,
    userName: `${host}/${name}/?api-version=${API_VERSION}`,
    password: SCHEME + fields.join("&"),
    url: `mqtts://${host}:8883`,
    keepAliveSeconds: ADVISED_KEEP_ALIVE_SECONDS,
    expiresAtMs: expiresAtSeconds * 1000,
  };
}

function resourceOf(host: string, name: string): string {
  const [device, module] = name.split("/");
  return `${host}/devices/${device}${module === undefined ? "" : `/modules/${module}`}`;
}

interface Signed {
  readonly key: string;
  /** Percent-encoded. */
  readonly address: string;
  readonly expiry: string;
}

function azureSignature({ key, address, expiry }: Signed, hashing: KeyedHashing): Uint8Array | undefined {
  const keyBytes = bytesOfBase64(key);
  return keyBytes && hashing.hmac("sha256", keyBytes, utf8Encode(`${address}\n${expiry}`));
}

/** Hubs have any keep alive: above 29 minutes and 27 seconds they take that. Here it counts as it is. */
export function azureLogin(options: CloudLoginOptions): CloudProvider {
  return cloudLogin("azure", options, (login) => read(login, options));
}

function read(login: Login, { hashing, clock }: CloudLoginOptions): Claim | CloudRefused | undefined {
  const [, host = "", name = ""] =
    /^([^/?]+)\/([^?]+?)\/\?(?:.*&)?api-version=/.exec(login.userName ?? "") ?? [];
  const password = login.password === undefined ? "" : utf8Decode(login.password);
  if (host === "" || !password.startsWith(SCHEME)) return undefined;
  const group = host.toLowerCase().replace(/\.azure-devices\.net$/, "");
  const device = `device ${name} of ${group}`;
  if (name !== login.clientId) return wrong(`${device} has the client id of another one`);
  const fields = namedValues(password.slice(SCHEME.length).split("&"));
  const address = fields?.get("sr");
  const expiry = fields?.get("se");
  const expiresAtSeconds = wholeNumber(expiry);
  if (address === undefined || expiry === undefined || expiresAtSeconds === undefined) {
    return wrong(`the signature of ${device} is malformed`);
  }
  const owner = ownerOf({ group, host, name, address, policy: fields?.get("skn") });
  if (owner === undefined) return wrong(`the signature of ${device} is for something else`);
  return {
    owners: [owner],
    proof: bytesOfBase64(percentDecoded(fields?.get("sig") ?? "") ?? ""),
    expected: (key) => azureSignature({ key, address, expiry }, hashing),
    expiresAtMs: expiresAtSeconds * 1000,
    accepted: () =>
      acceptedDevice(
        "azure",
        { group, device: name },
        {
          // However the hub was written: its case, and with or without its domain.
          userName: `${group}${DOMAIN}/${name}`,
          validForMs: untilMs(expiresAtSeconds, clock),
        },
      ),
  };
}

interface Resource {
  readonly group: string;
  readonly host: string;
  readonly name: string;
  /** `sr`, as it stands there. */
  readonly address: string;
  /** `skn`. */
  readonly policy: string | undefined;
}

/** Whose key signs for the address, if that is this device, or, for a policy, something around it. */
function ownerOf({ group, host, name, address, policy }: Resource): SecretOwner | undefined {
  const resource = percentDecoded(address)?.toLowerCase();
  const own = resourceOf(host, name).toLowerCase();
  if (!policy) return resource === own ? { cloud: "azure", group, device: name } : undefined;
  const isAround = resource !== undefined && (resource === own || own.startsWith(`${resource}/`));
  return isAround ? { cloud: "azure", group, policy: percentDecoded(policy) ?? policy } : undefined;
}

function untilMs(expiresAtSeconds: number, clock: Pick<Clock, "epochMs">): number {
  return expiresAtSeconds * 1000 - clock.epochMs();
}
