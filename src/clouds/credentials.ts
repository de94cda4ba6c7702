/** What a device has to put into its CONNECT, and where it connects to. The makers are pure: the same in, the same out. */

export interface CloudCredentials {
  readonly clientId: string;
  /** Undefined where everything stands in `url`. */
  readonly userName: string | undefined;
  /** A secret, or as good as one until it expires. Undefined where everything stands in `url`. */
  readonly password: string | undefined;
  /** For example `mqtts://myhub.azure-devices.net:8883`; absent when the maker was not told enough. May hold a signature. */
  readonly url?: string;
  /** The name that TLS has to ask for (ALPN), where the port serves several protocols. */
  readonly alpn?: string;
  /** What the platform advises, within what it allows. */
  readonly keepAliveSeconds?: number;
  /** When the platform stops taking them, milliseconds since 1970; absent for never. */
  readonly expiresAtMs?: number;
}
