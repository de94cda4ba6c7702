/**
 * The client of a message tool: from settings to a connection, and what the tool has to know of packets beside it.
 *
 * A first attempt that fails ends the tool; a connection that is lost later comes back by itself.
 */

import { StateError } from "#base";
import {
  AuthenticationError,
  connect,
  enhancedAuthentication,
  type Message,
  type MqttClient,
  type NodeConnectOptions,
  type OpenAuthentication,
} from "#client";
import { type Packet, ProtocolVersion } from "#protocol";
import { brokerUrl, dialFor } from "./dial.ts";
import type { PacketTap } from "./packet-tap.ts";
import type { MessageSettings } from "./settings.ts";
import type { ShownMessage } from "./shown-message.ts";

/** As much as the protocol allows. */
const LARGEST_PACKET = 268_435_460;
const DEFAULT_RECEIVE_MAXIMUM = 20;
/** Somebody watches: rather soon than sparing. */
const RECONNECT = { minimumDelayMs: 250, maximumDelayMs: 5_000 } as const;

export interface ToolClientWishes {
  /** Come back when the connection is lost. */
  readonly mayReconnect: boolean;
}

type AnyMessage = Message<unknown, unknown>;

export class ToolClient {
  readonly client: MqttClient;
  readonly #settings: MessageSettings;
  readonly #tap: () => PacketTap | undefined;

  private constructor(client: MqttClient, settings: MessageSettings, tap: () => PacketTap | undefined) {
    this.client = client;
    this.#settings = settings;
    this.#tap = tap;
  }

  /** Begins to connect, in the background: whoever subscribes at once misses nothing of a session that goes on. */
  static async open(settings: MessageSettings, wishes: ToolClientWishes): Promise<ToolClient> {
    let tap: PacketTap | undefined;
    let client: MqttClient | undefined;
    const debug = settings.debug
      ? new (await import("./debug-lines.ts")).DebugLines(
          settings.version,
          () => client?.clientId ?? settings.clientId ?? "(null)",
        )
      : undefined;
    const observer = {
      onSent: (packet: Packet) => debug?.onSent(packet),
      onReceived: (packet: Packet) => debug?.onReceived(packet),
    };
    const isTapped = settings.debug || settings.unsubscribe.length > 0;
    const tapModule = isTapped ? await import("./packet-tap.ts") : undefined;
    const dial = await dialFor(settings);
    client = await connect(brokerUrl(settings), {
      ...connectOptions(settings),
      background: true,
      reconnect: wishes.mayReconnect && RECONNECT,
      dial: async (request) => {
        const pipe = await dial(request);
        if (tapModule === undefined) return pipe;
        tap = new tapModule.PacketTap(pipe, settings.version, observer);
        return tap;
      },
    });
    return new ToolClient(client, settings, () => tap);
  }

  /** Resolves at the first connection. Rejects when the first attempt fails. */
  async connected(): Promise<void> {
    for await (const status of this.client.status()) {
      if (status.state === "connected") return;
      if (status.state === "waiting" || status.state === "closed") {
        await this.client.close();
        throw status.error ?? new StateError("The client was closed.");
      }
    }
  }

  /** Resolves with what ended the client, undefined for `close`; `onTrouble` hears of each loss before. */
  async ended(onTrouble: (error: Error) => void): Promise<Error | undefined> {
    for await (const status of this.client.status()) {
      if (status.state === "waiting") onTrouble(status.error);
      if (status.state === "closed") return status.error;
    }
    return undefined;
  }

  /** Also of filters that this client did not subscribe to. */
  unsubscribe(topicFilters: readonly string[]): void {
    this.#tap()?.unsubscribe(topicFilters, this.#settings.properties.unsubscribe);
  }

  /** A message with what its packet said. */
  shown(message: AnyMessage): ShownMessage {
    const { topicName, payload, qos, retain, packetId } = message;
    const { subscriptionIdentifiers: _, topicAlias, ...properties } = message.properties;
    return {
      topicName,
      payload,
      qos,
      retain,
      packetId,
      properties,
      topicAlias,
      atMs: performance.timeOrigin + performance.now(),
    };
  }

  /** `isAbrupt`: so that the broker publishes the will. */
  async close(end: { readonly isAbrupt?: boolean; readonly drain?: boolean } = {}): Promise<void> {
    const { version, properties } = this.#settings;
    await this.client.close({
      drain: end.drain === true,
      reasonCode: end.isAbrupt === true && version === ProtocolVersion.MQTT_5_0 ? 0x04 : 0x00,
      properties: properties.disconnect,
    });
  }
}

function connectOptions(settings: MessageSettings): NodeConnectOptions {
  const { userName, password, clientId, sessionExpiryInterval, properties } = settings;
  const { connect: given } = properties;
  const authentication = authenticationOf(settings);
  return {
    version: settings.version,
    cleanStart: settings.cleanSession,
    keepAliveSeconds: settings.keepAliveSeconds,
    ...(clientId === undefined ? {} : { clientId }),
    ...(userName === undefined ? {} : { userName }),
    ...(password === undefined ? {} : { password }),
    ...(sessionExpiryInterval === undefined ? {} : { sessionExpiryInterval }),
    ...(authentication === undefined ? {} : { authentication }),
    ...willOptions(settings),
    properties: {
      ...(given.userProperties === undefined ? {} : { userProperties: given.userProperties }),
      ...(given.requestProblemInformation === undefined
        ? {}
        : { requestProblemInformation: given.requestProblemInformation }),
      ...(given.requestResponseInformation === undefined
        ? {}
        : { requestResponseInformation: given.requestResponseInformation }),
    },
    // Fewer than -C asks for, so that the broker keeps what is not taken.
    receiveMaximum:
      given.receiveMaximum ?? Math.min(settings.count ?? DEFAULT_RECEIVE_MAXIMUM, DEFAULT_RECEIVE_MAXIMUM),
    maximumPacketSize: given.maximumPacketSize ?? LARGEST_PACKET,
    topicAliasMaximum: given.topicAliasMaximum ?? 0,
    topicAliasMaximumOutbound: properties.publish.topicAlias === undefined ? 0 : 1,
    operationTimeoutMs: Number.POSITIVE_INFINITY,
    outbox: { maximumBytes: Number.POSITIVE_INFINITY },
  };
}

function willOptions({ willTopic, willPayload = "", willQos, willRetain, properties }: MessageSettings) {
  if (willTopic === undefined) return {};
  return {
    will: {
      topicName: willTopic,
      payload: willPayload,
      qos: willQos,
      retain: willRetain,
      properties: properties.will,
    },
  };
}

/** One message with `-D connect authentication-data`; a method that asks back is more than options can say. */
function authenticationOf({ properties }: MessageSettings): OpenAuthentication | undefined {
  const { authenticationMethod: method, authenticationData } = properties.connect;
  if (method === undefined) return undefined;
  return enhancedAuthentication({
    method,
    begin: () => ({
      start: () => authenticationData,
      next: () => {
        throw new AuthenticationError("the broker asks back, and only one message was given");
      },
    }),
  });
}
