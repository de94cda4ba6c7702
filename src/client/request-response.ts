/**
 * Questions and answers over topics.
 *
 *     5.0      question to {topic}, with Response Topic answer/{asker} and Correlation Data; the answer carries both back
 *     3.1.1    question to {topic}/ask/{asker}/{number}, answer to answer/{asker}/{number}
 *
 * `asker` is the client identifier, percent-encoded. All answers to a client come through one subscription, which is made with
 * the first question. A question has a deadline; an answer that comes later, or to no question, is dropped.
 */

import { isPromise, type MaybePromise, utf8Decode, utf8Encode } from "#base";
import { ProtocolVersion } from "#protocol";
import type { MqttClient } from "./client.ts";
import type { Message } from "./message.ts";
import { Operation } from "./operation.ts";
import type { OperationOptions } from "./options.ts";
import type { Payload, PublishOptions } from "./outgoing.ts";
import type { SubscribeOptions } from "./subscription.ts";

const DEFAULT_TIMEOUT_MS = 10_000;

export interface RequestOptions extends OperationOptions {
  /** Of the question. Default 1. */
  readonly qos?: PublishOptions["qos"];
  readonly properties?: PublishOptions["properties"];
}

type AnyMessage = Message<unknown, unknown>;

/** The questions of one client. */
class Asker {
  readonly base: string;
  readonly #client: MqttClient;
  readonly #open = new Map<string, Operation<AnyMessage>>();
  #next = 1;
  #ready: Promise<unknown> | undefined;

  constructor(client: MqttClient) {
    this.#client = client;
    this.base = `${client.connack?.properties.responseInformation ?? "answer"}/${encodeURIComponent(client.clientId)}`;
  }

  /** Resolves when answers can come. */
  listen(options: OperationOptions): Promise<unknown> {
    this.#ready ??= this.#subscribe(options).catch((error: unknown) => {
      this.#ready = undefined;
      throw error;
    });
    return this.#ready;
  }

  open(operation: Operation<AnyMessage>): string {
    const name = String(this.#next++);
    this.#open.set(name, operation);
    const forget = (): void => void this.#open.delete(name);
    operation.promise.then(forget, forget);
    return name;
  }

  #subscribe(options: OperationOptions): Promise<unknown> {
    const onAnswer = (message: AnyMessage): void => {
      const { correlationData } = message.properties;
      const name =
        correlationData === undefined ? message.topicName.split("/").at(-1) : utf8Decode(correlationData);
      this.#open.get(name ?? "")?.resolve(message);
    };
    return Promise.all([
      this.#client.subscribe(this.base, options, onAnswer).ready,
      this.#client.subscribe(`${this.base}/+`, options, onAnswer).ready,
    ]);
  }
}

const askers = new WeakMap<MqttClient, Asker>();

/**
 * Asks on `topicName` and resolves with the first answer.
 *
 * @example const { text } = await request(client, "heater/temperature", "", { timeoutMs: 2000 });
 * @throws TimeoutError when nobody answers in time, and what publish and subscribe throw
 */
export async function request(
  client: MqttClient,
  topicName: string,
  payload: Payload,
  options: RequestOptions = {},
): Promise<Message<unknown, unknown>> {
  const operation = new Operation<AnyMessage>();
  const limits = { timeoutMs: DEFAULT_TIMEOUT_MS, ...options };
  operation.limit(client.clock, `answer from "${topicName}"`, limits, (error) => operation.reject(error));
  ask(client, topicName, payload, options, operation).catch((error: unknown) => operation.reject(error));
  return operation.promise;
}

async function ask(
  client: MqttClient,
  topicName: string,
  payload: Payload,
  { qos = 1, properties }: RequestOptions,
  operation: Operation<AnyMessage>,
): Promise<void> {
  await client.connected;
  const asker = askers.get(client) ?? new Asker(client);
  askers.set(client, asker);
  await asker.listen({});
  if (operation.isSettled) return;
  const name = asker.open(operation);
  if (client.protocolVersion === ProtocolVersion.MQTT_5_0) {
    const named = { ...properties, responseTopic: asker.base, correlationData: utf8Encode(name) };
    await client.publish(topicName, payload, { qos, properties: named });
  } else {
    await client.publish(`${topicName}/ask/${encodeURIComponent(client.clientId)}/${name}`, payload, { qos });
  }
}

/** Ends with `close`. */
export interface Responder {
  /** Resolves when questions can come. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

/** Makes the answer; undefined for none. `topicName` is what was asked, without what 3.1.1 adds to it. */
export type OnRequest = (
  message: Message<unknown, unknown>,
  topicName: string,
) => MaybePromise<Payload | undefined>;

/**
 * Answers the questions on a topic filter, of 5.0 and of the convention for 3.1.1. A filter that ends with `#` covers both;
 * any other is subscribed to twice.
 *
 * @example respond(client, "heater/temperature", () => String(sensor.read()));
 */
export function respond(
  client: MqttClient,
  topicFilter: string,
  onRequest: OnRequest,
  options: SubscribeOptions = {},
): Responder {
  const answer = (message: AnyMessage): MaybePromise<unknown> => {
    const { responseTopic, correlationData } = message.properties;
    const [, asked, asker, number] = /^(.+)\/ask\/([^/]+)\/([^/]+)$/.exec(message.topicName) ?? [];
    const to = responseTopic ?? (asker === undefined ? undefined : `answer/${asker}/${number}`);
    if (to === undefined) return undefined;
    const topicName = responseTopic === undefined ? (asked as string) : message.topicName;
    const properties = correlationData === undefined ? {} : { correlationData };
    const send = (payload: Payload | undefined): MaybePromise<unknown> =>
      payload === undefined ? undefined : client.publish(to, payload, { qos: message.qos, properties });
    const payload = onRequest(message, topicName);
    return isPromise(payload) ? payload.then(send) : send(payload);
  };
  const filters = topicFilter.endsWith("#") ? [topicFilter] : [topicFilter, `${topicFilter}/ask/+/+`];
  const subscriptions = filters.map((filter) => client.subscribe(filter, options, answer));
  const ready = Promise.all(subscriptions.map((subscription) => subscription.ready)).then(() => undefined);
  ready.catch(() => undefined);
  return {
    ready,
    close: async () => void (await Promise.all(subscriptions.map((subscription) => subscription.close()))),
  };
}
