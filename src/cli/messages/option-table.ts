/**
 * Every option of mosquitto_pub, mosquitto_sub and mosquitto_rr 2.1, and those that Martlet adds: how it is spelt, who has it,
 * what it does, and for one that cannot be honoured, why. Help, completion and the page of the docs come from here.
 */

import { connectionOptions } from "./options/connection.ts";
import { messageOptions } from "./options/message.ts";
import type { MessageOption } from "./options/message-option.ts";
import { otherOptions } from "./options/other.ts";
import { outputOptions } from "./options/output.ts";
import { subscriptionOptions } from "./options/subscription.ts";
import { tlsOptions } from "./options/tls.ts";
import { willOptions } from "./options/will.ts";

export const allOptions: readonly MessageOption[] = [
  ...messageOptions,
  ...subscriptionOptions,
  ...outputOptions,
  ...connectionOptions,
  ...willOptions,
  ...tlsOptions,
  ...otherOptions,
];
