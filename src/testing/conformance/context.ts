/**
 * What a case works with: connections, time, and names that no other case uses, so that cases can run next to each other
 * on a shared broker. Cleans up what would outlive the case: sessions and retained messages.
 */

import { type ProtocolVersion, versionName } from "#protocol";
import { Inconclusive, NotSupported } from "./failure.ts";
import { type PeerSurroundings, RawPeer } from "./peer.ts";
import type { BrokerUnderTest } from "./target.ts";
import { binary, text } from "./wire/bytes.ts";
import type { WireProperties } from "./wire/properties.ts";
import { type ConnectOptions, connect, disconnect, publish } from "./wire/write.ts";

export interface ContextOptions extends Omit<PeerSurroundings, "pace" | "announced"> {
  readonly broker: BrokerUnderTest;
  /** Makes the names of this case unique on the broker. */
  readonly suffix: string;
  readonly announced: WireProperties;
}

/** What CONNACK may say to anybody at any time: return codes of 3.x, and reason codes of 5.0. */
const refusalsOfAnybody: ReadonlySet<number> = new Set([
  0x03, 0x04, 0x05, 0x83, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x97, 0x9c, 0x9d, 0x9f,
]);

export interface CaseConnectOptions extends Partial<ConnectOptions> {
  /** The connection's name in the trace. The client id when absent. */
  readonly name?: string;
  /** The session outlives the connection: Clean Start 0, and in 5.0 Session Expiry Interval 300 unless given. */
  readonly lasting?: boolean;
}

/** Seconds; far longer than a case takes. */
const LASTING_SECONDS = 300;

export class ConformanceContext {
  readonly version: ProtocolVersion;
  readonly #options: ContextOptions;
  readonly #surroundings: PeerSurroundings;
  readonly #peers: RawPeer[] = [];
  readonly #sessions = new Set<string>();
  readonly #topics = new Set<string>();

  constructor(options: ContextOptions) {
    this.version = options.version;
    this.#options = options;
    const { version, patienceMs, quietMs, record, note, announced } = options;
    this.#surroundings = { version, patienceMs, quietMs, record, note, announced, pace: options.broker.pace };
  }

  // ---- names

  /** A client id of this case, at most 23 letters and digits. */
  clientId(label = "c"): string {
    const clientId = `${label}${this.#options.suffix}`;
    this.#sessions.add(clientId);
    return clientId;
  }

  /** A topic of this case; `topic("a/b")` is below `topic()`. A retained message on it is removed in the end. */
  topic(below = ""): string {
    const topic =
      below === "" ? `conformance/${this.#options.suffix}` : `conformance/${this.#options.suffix}/${below}`;
    if (!/[+#]/.test(topic)) this.#topics.add(topic);
    return topic;
  }

  // ---- connections

  /** Opens a connection and sends nothing. */
  async open(
    name = "client",
    transport: "stream" | "webSocket" = "stream",
    version = this.version,
  ): Promise<RawPeer> {
    const link = await this.#options.broker.open(transport);
    const peer = new RawPeer(name, link, this.#surroundings, version);
    this.#peers.push(peer);
    return peer;
  }

  /** A well-formed CONNECT, with the user that the broker knows if it wants one. */
  connectPacket(options: ConnectOptions, version = this.version): Uint8Array {
    const isSomebody = options.userName !== undefined || options.password !== undefined;
    return connect(version, isSomebody ? options : { ...this.#options.broker.credentials, ...options });
  }

  /** Flags and fields of the user that the broker knows, for a CONNECT that the case writes itself. */
  get login(): { readonly flags: number; readonly fields: readonly Uint8Array[] } {
    const { userName, password } = this.#options.broker.credentials ?? {};
    const fields: Uint8Array[] = [];
    if (userName !== undefined) fields.push(text(userName));
    if (password !== undefined) fields.push(binary(password));
    return {
      flags: (userName === undefined ? 0 : 0x80) | (password === undefined ? 0 : 0x40),
      fields,
    };
  }

  /** Opens a connection, sends CONNECT and returns it before any answer. */
  async startConnect(options: CaseConnectOptions = {}, version = this.version): Promise<RawPeer> {
    const { name, lasting = false, ...rest } = options;
    const clientId = options.clientId ?? this.clientId();
    this.#sessions.add(clientId);
    const peer = await this.open(
      name ?? (clientId.replace(this.#options.suffix, "") || "client"),
      "stream",
      version,
    );
    const expiry = lasting && version === 5 ? { sessionExpiryInterval: LASTING_SECONDS } : {};
    const properties = { ...expiry, ...options.properties };
    peer.send(
      this.connectPacket(
        { ...rest, clientId, cleanStart: options.cleanStart ?? !lasting, properties },
        version,
      ),
    );
    peer.connectSent(properties);
    return peer;
  }

  /** Opens a connection and does CONNECT and CONNACK. Being refused as a user ends the case, anything else fails it. */
  async connect(options: CaseConnectOptions = {}, version = this.version): Promise<RawPeer> {
    const peer = await this.startConnect(options, version);
    const { maximumQos, retainAvailable } = this.#surroundings.announced;
    if ((options.will?.qos ?? 0) > (maximumQos ?? 2)) {
      throw new NotSupported(`the broker announces Maximum QoS ${maximumQos}`);
    }
    if (options.will?.retain === true && retainAvailable === 0) {
      throw new NotSupported("the broker announces no retained messages");
    }
    const connack = await peer.expect("CONNACK");
    if (connack.reasonCode !== 0) {
      const refusal = `CONNECT was refused with 0x${connack.reasonCode.toString(16).padStart(2, "0")}`;
      if (connack.reasonCode === (version === 5 ? 0x84 : 0x01)) {
        throw new NotSupported(`the broker does not speak MQTT ${versionName(version)}`);
      }
      if (refusalsOfAnybody.has(connack.reasonCode)) throw new Inconclusive(`${peer.name}: ${refusal}`);
      peer.fail(refusal);
    }
    peer.connack = connack;
    return peer;
  }

  // ---- time and judgement

  /** Lets `ms` pass, virtually where time is virtual. */
  async wait(ms: number): Promise<void> {
    await this.#options.broker.pace.wait(ms);
  }

  /** Until when something has to have happened that is due in `ms`. */
  due(ms: number): number {
    return ms + this.#options.broker.timersLateMs;
  }

  /** How long nothing has to come before the case believes that nothing comes. */
  get quietMs(): number {
    return this.#options.quietMs;
  }

  /** Says that something allowed is not what the standard prefers. */
  note(text: string): void {
    this.#options.note(text);
  }

  /** Ends the case: the server did something allowed on which nothing can be told. */
  inconclusive(reason: string): never {
    throw new Inconclusive(reason);
  }

  /** Ends the case: the target lacks what it needs. */
  notSupported(reason: string): never {
    throw new NotSupported(reason);
  }

  // ---- the end of the case

  /** Throws what the observers found after the last expectation. */
  checkPeers(): void {
    for (const peer of this.#peers) peer.check();
  }

  /** Cuts all connections, ends the sessions and removes the retained messages of this case. */
  async cleanUp(): Promise<void> {
    for (const peer of this.#peers) if (!peer.closed) peer.cut();
    if (this.#options.broker.fresh) return;
    for (const clientId of this.#sessions) {
      const peer = await this.#quietly(clientId);
      if (peer === undefined) continue;
      for (const topic of this.#topics) peer.send(publish(this.version, { topic, retain: true }));
      this.#topics.clear();
      peer.send(disconnect(this.version));
      await this.#options.broker.pace.until(() => peer.closed, this.#options.quietMs, peer.signal);
      if (!peer.closed) peer.cut();
    }
  }

  async #quietly(clientId: string): Promise<RawPeer | undefined> {
    try {
      const peer = await this.connect({ clientId });
      return peer;
    } catch {
      return undefined;
    }
  }
}
