/**
 * What a command line of `pub`, `sub` and `rr` says, read and checked, with the defaults of mosquitto's tools: nothing here
 * knows how it was spelt.
 */

import { MartletError } from "#base";
import type {
  ConnectProperties,
  DisconnectProperties,
  PublishProperties,
  SubscribeProperties,
  UnsubscribeProperties,
  WillProperties,
} from "#protocol";
import { ProtocolVersion } from "#protocol";

export type Tool = "pub" | "sub" | "rr";

export const ToolStatus = {
  OK: 0,
  /** Also a command line that is not understood. A refused connection ends with the broker's code instead. */
  FAILED: 1,
  /** No word came in the time that `-W` gives. */
  TIMED_OUT: 27,
} as const;

/** A command line that is not understood, in the words of mosquitto's tools. */
export class UsageError extends MartletError {
  constructor(message: string) {
    super("MARTLET_CONFIG", message);
  }
}

type Writable<Shape> = { -readonly [Key in keyof Shape]: Shape[Key] };

/** Of 5.0, by the packet they go with. */
export interface PropertySettings {
  readonly connect: Writable<ConnectProperties>;
  readonly publish: Writable<PublishProperties>;
  readonly subscribe: Writable<Pick<SubscribeProperties, "userProperties">>;
  readonly unsubscribe: Writable<UnsubscribeProperties>;
  readonly disconnect: Writable<DisconnectProperties>;
  readonly will: Writable<WillProperties>;
}

/** Where the payload comes from. */
export type PayloadSource =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "empty" }
  | { readonly kind: "input" }
  | { readonly kind: "lines" };

type Transport = "tcp" | "unix" | "websocket";

export interface MessageSettings {
  host: string;
  /** Undefined: 1883, or 8883 with TLS. */
  port: number | undefined;
  transport: Transport;
  path: string;
  bindAddress: string | undefined;
  noDelay: boolean;
  proxy: string | undefined;

  clientId: string | undefined;
  idPrefix: string | undefined;
  userName: string | undefined;
  password: string | undefined;
  cleanSession: boolean;
  sessionExpiryInterval: number | undefined;
  keepAliveSeconds: number;
  version: ProtocolVersion;
  maximumInFlight: number;
  properties: PropertySettings;

  willTopic: string | undefined;
  willPayload: string | undefined;
  willQos: 0 | 1 | 2;
  willRetain: boolean;

  isTls: boolean;
  noTls: boolean;
  caFile: string | undefined;
  caPath: string | undefined;
  certFile: string | undefined;
  keyFile: string | undefined;
  ciphers: string | undefined;
  insecure: boolean;
  tlsVersion: string | undefined;
  tlsAlpn: string | undefined;
  tlsKeyLog: string | undefined;
  useOsCerts: boolean;
  psk: string | undefined;
  pskIdentity: string | undefined;

  topics: string[];
  qos: 0 | 1 | 2;
  retain: boolean;
  payload: PayloadSource | undefined;
  repeat: number;
  repeatDelayMs: number;

  responseTopic: string | undefined;
  filtersOut: string[];
  unsubscribe: string[];
  count: number | undefined;
  timeoutSeconds: number | undefined;
  exitAfterSuback: boolean;
  retainedOnly: boolean;
  noRetained: boolean;
  removeRetained: boolean;
  retainAsPublished: boolean;
  retainHandling: 0 | 1 | 2 | undefined;
  randomFilterPercent: number;

  format: string | undefined;
  valueFormat: string | undefined;
  color: "auto" | "always" | "never";
  verbose: boolean;
  endOfLine: boolean;
  pretty: boolean;
  watch: boolean;
  messageRate: boolean;
  latency: boolean;

  debug: boolean;
  quiet: boolean;
  /** What is accepted and has no effect. */
  readonly warnings: string[];
}

export function defaultSettings(tool: Tool): MessageSettings {
  return {
    host: "localhost",
    port: undefined,
    transport: "tcp",
    path: "",
    bindAddress: undefined,
    noDelay: false,
    proxy: undefined,
    clientId: undefined,
    idPrefix: undefined,
    userName: undefined,
    password: undefined,
    cleanSession: true,
    sessionExpiryInterval: undefined,
    keepAliveSeconds: 60,
    version: tool === "rr" ? ProtocolVersion.MQTT_5_0 : ProtocolVersion.MQTT_3_1_1,
    maximumInFlight: 20,
    properties: { connect: {}, publish: {}, subscribe: {}, unsubscribe: {}, disconnect: {}, will: {} },
    willTopic: undefined,
    willPayload: undefined,
    willQos: 0,
    willRetain: false,
    isTls: false,
    noTls: false,
    caFile: undefined,
    caPath: undefined,
    certFile: undefined,
    keyFile: undefined,
    ciphers: undefined,
    insecure: false,
    tlsVersion: undefined,
    tlsAlpn: undefined,
    tlsKeyLog: undefined,
    useOsCerts: false,
    psk: undefined,
    pskIdentity: undefined,
    topics: [],
    qos: 0,
    retain: false,
    payload: undefined,
    repeat: 1,
    repeatDelayMs: 0,
    responseTopic: undefined,
    filtersOut: [],
    unsubscribe: [],
    count: undefined,
    timeoutSeconds: undefined,
    exitAfterSuback: false,
    retainedOnly: false,
    noRetained: false,
    removeRetained: false,
    retainAsPublished: false,
    retainHandling: undefined,
    randomFilterPercent: 100,
    format: undefined,
    valueFormat: undefined,
    color: "auto",
    verbose: false,
    endOfLine: true,
    pretty: false,
    watch: false,
    messageRate: false,
    latency: false,
    debug: false,
    quiet: false,
    warnings: [],
  };
}
