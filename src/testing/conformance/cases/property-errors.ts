/** Sections 3.1.2.11, 3.1.3.2 and 3.3.2.3: a property twice, or with a value it cannot have, is an error of 5.0. */

import { type ConformanceCase, ONLY_5 } from "../case.ts";
import type { Raw } from "../wire/bytes.ts";
import {
  connect5,
  expectConnectErrors,
  expectErrors,
  publishWithProperties,
  sampleProperty,
} from "./support.ts";

function twice(id: number): Raw {
  return [sampleProperty(id), sampleProperty(id)];
}

/** Cases "property X twice, or with a value it cannot have, is a protocol error" for CONNECT, will and PUBLISH. */
const connectErrors: readonly (readonly [statement: string, what: string, blocks: readonly Raw[]])[] = [
  ["U5-3.1.2.11.2", "session-expiry-interval", [twice(0x11)]],
  ["U5-3.1.2.11.3", "receive-maximum", [twice(0x21), "21 00 00"]],
  ["U5-3.1.2.11.4", "maximum-packet-size", [twice(0x27), "27 00 00 00 00"]],
  ["U5-3.1.2.11.5", "topic-alias-maximum", [twice(0x22)]],
  ["U5-3.1.2.11.6", "request-response-information", [twice(0x19), "19 02"]],
  ["U5-3.1.2.11.7", "request-problem-information", [twice(0x17), "17 02"]],
  ["U5-3.1.2.11.9", "authentication-method", [twice(0x15)]],
  ["U5-3.1.2.11.10", "authentication-data", [[sampleProperty(0x15), twice(0x16)], sampleProperty(0x16)]],
];

const willErrors: readonly (readonly [statement: string, what: string, blocks: readonly Raw[]])[] = [
  ["U5-3.1.3.2.2", "will-delay-interval", [twice(0x18)]],
  ["U5-3.1.3.2.3", "payload-format-indicator", [twice(0x01)]],
  ["U5-3.1.3.2.4", "message-expiry-interval", [twice(0x02)]],
  ["U5-3.1.3.2.5", "content-type", [twice(0x03)]],
  ["U5-3.1.3.2.6", "response-topic", [twice(0x08)]],
  ["U5-3.1.3.2.7", "correlation-data", [twice(0x09)]],
];

const publishErrors: readonly (readonly [statement: string, what: string, blocks: readonly Raw[]])[] = [
  ["U5-3.3.2.3.4", "topic-alias", [["23 00 01", "23 00 01"]]],
  ["U5-3.3.2.3.5", "response-topic", [twice(0x08)]],
  ["U5-3.3.2.3.6", "correlation-data", [twice(0x09)]],
  ["U5-3.3.2.3.9", "content-type", [twice(0x03)]],
];

export const propertyErrorCases: readonly ConformanceCase[] = [
  ...connectErrors.map(
    ([statement, what, blocks]): ConformanceCase => ({
      name: `properties/connect-${what}`,
      title: `${what} twice in CONNECT, or with a value it cannot have, is an error`,
      statements: [`5.0/${statement}`, "5.0/MQTT-3.1.4-1", "5.0/MQTT-4.13.1-1"],
      versions: ONLY_5,
      run: (c) =>
        expectConnectErrors(
          c,
          [0x82],
          blocks.map((block) => connect5(c, block)),
        ),
    }),
  ),
  ...willErrors.map(
    ([statement, what, blocks]): ConformanceCase => ({
      name: `properties/will-${what}`,
      title: `${what} twice in the will is an error`,
      statements: [`5.0/${statement}`, "5.0/MQTT-3.1.4-1"],
      versions: ONLY_5,
      run: (c) =>
        expectConnectErrors(
          c,
          [0x82],
          blocks.map((block) => connect5(c, "", block)),
        ),
    }),
  ),
  ...publishErrors.map(
    ([statement, what, blocks]): ConformanceCase => ({
      name: `properties/publish-${what}`,
      title: `${what} twice in PUBLISH is an error`,
      statements: [`5.0/${statement}`, "5.0/MQTT-4.13.1-1"],
      versions: ONLY_5,
      run: (c) =>
        expectErrors(
          c,
          [0x82],
          blocks.map((block) => publishWithProperties(c, block)),
        ),
    }),
  ),
];
