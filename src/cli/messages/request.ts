/** What `martlet rr` does: one request, one response. */

import { type Message, SubscribeRefusedError } from "#client";
import { ProtocolVersion } from "#protocol";
import { MessagePrinter } from "./message-printer.ts";
import { payloadOf } from "./publish.ts";
import { reasonText } from "./reason-text.ts";
import { complain } from "./run-tool.ts";
import { type MessageSettings, type PayloadSource, ToolStatus, UsageError } from "./settings.ts";
import { ToolClient } from "./tool-client.ts";

type AnyMessage = Message<unknown, unknown>;

/** Resolves with the exit status. */
export async function request(settings: MessageSettings): Promise<number> {
  const { responseTopic = "", version, timeoutSeconds } = settings;
  if (settings.properties.publish.responseTopic !== undefined) {
    throw new UsageError("Error in PUBLISH properties: Duplicate response topic.");
  }
  const payload = await payloadOf(settings.payload as Exclude<PayloadSource, { kind: "lines" }>);
  const ended = Promise.withResolvers<number>();
  const printer = await MessagePrinter.open(settings, () => ended.resolve(ToolStatus.OK));
  const tool = await ToolClient.open(settings, { mayReconnect: false });
  const limit =
    timeoutSeconds === undefined
      ? undefined
      : setTimeout(() => ended.resolve(ToolStatus.TIMED_OUT), timeoutSeconds * 1000);
  let sentAtMs = 0;
  let response: AnyMessage | undefined;
  const isVersion5 = version === ProtocolVersion.MQTT_5_0;
  const subscription = tool.client.subscribe(
    responseTopic as string,
    {
      qos: settings.qos,
      ...(isVersion5
        ? {
            retainAsPublished: settings.retainAsPublished,
            retainHandling: settings.retainHandling ?? 0,
            properties: settings.properties.subscribe,
          }
        : {}),
    },
    (message) => {
      if (response !== undefined || (message.retain && settings.noRetained)) return;
      response = message as AnyMessage;
      const latencyMs = performance.now() - sentAtMs;
      void printer.print(tool.shown(response));
      if (settings.latency) void printer.write(`Latency: ${latencyMs.toFixed(6)}ms\n`);
      ended.resolve(ToolStatus.OK);
    },
  );
  try {
    await Promise.race([tool.connected(), ended.promise]);
    void tool
      .ended(() => undefined)
      .then((error) => {
        if (error !== undefined) ended.reject(error);
      });
    const exchange = async (): Promise<void> => {
      await subscription.ready;
      sentAtMs = performance.now();
      const { topicAlias: _, ...given } = settings.properties.publish;
      const properties = isVersion5 ? { properties: { ...given, responseTopic } } : {};
      await tool.client.publish(settings.topics[0] as string, payload, { qos: settings.qos, ...properties });
    };
    exchange().catch((error: unknown) => ended.reject(error));
    const status = await ended.promise;
    if (status === ToolStatus.TIMED_OUT) complain(settings, "Timed out");
    return status;
  } catch (error) {
    if (!(error instanceof SubscribeRefusedError)) throw error;
    complain(settings, reasonText(error.reasonCode));
    return ToolStatus.FAILED;
  } finally {
    clearTimeout(limit);
    await tool.close({ isAbrupt: response === undefined });
  }
}
