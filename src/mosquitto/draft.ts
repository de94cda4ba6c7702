/**
 * What the options of a file say together, before it is a configuration of Martlet's: what mosquitto decides by several of them
 * is decided in `settle.ts`.
 */

import type { ConfLine } from "./syntax.ts";
import type { TreeDraft } from "./tree-draft.ts";

/** A value and the line that says it. */
export interface Said<T> {
  readonly value: T;
  readonly line: ConfLine;
}

/** Who may connect; for all listeners, or with `per_listener_settings` for one. */
export interface SecurityDraft {
  allowAnonymous?: Said<boolean>;
  passwordFile?: Said<string>;
  aclFile?: Said<string>;
  pskFile?: Said<string>;
}

export interface ListenerDraft {
  /** The line that begins it; undefined for the default listener. */
  readonly line: ConfLine | undefined;
  readonly security: SecurityDraft;
  /** Keys of ours, set as they are. */
  readonly settings: Map<string, Said<unknown>>;
  /** Whether something was said of it. */
  isUsed: boolean;
  port: number;
  host?: string;
  path?: string;
  protocol: "mqtt" | "websockets";
  family?: Said<"ipv4" | "ipv6">;
  cert?: Said<string>;
  key?: Said<string>;
  ca?: Said<string>;
  requiresCertificate?: boolean;
  identityIsName?: Said<boolean>;
  subjectIsName?: Said<boolean>;
  pskHint?: Said<string>;
  ciphers?: Said<string>;
  newerCiphers?: Said<string>;
}

export interface BridgeDraft {
  readonly line: ConfLine;
  readonly name: string;
  readonly index: number;
  readonly addresses: string[];
  topics: number;
  minimumTls?: Said<string>;
}

export interface PluginDraft {
  readonly line: ConfLine;
  readonly isDynamicSecurity: boolean;
  hasFile: boolean;
}

export interface ConfDraft {
  readonly file: string;
  readonly tree: TreeDraft;
  readonly security: SecurityDraft;
  readonly defaultListener: ListenerDraft;
  readonly listeners: ListenerDraft[];
  readonly bridges: BridgeDraft[];
  readonly logTypes: Set<string>;
  readonly logDestinations: Set<string>;
  isPerListener: boolean;
  logTypesLine?: ConfLine;
  logDestinationsLine?: ConfLine;
  persistence?: Said<boolean>;
  persistenceFile?: Said<string>;
  persistenceLocation?: Said<string>;
}

export function newListener(line: ConfLine | undefined, port = 1883): ListenerDraft {
  return { line, port, protocol: "mqtt", settings: new Map(), security: {}, isUsed: line !== undefined };
}
