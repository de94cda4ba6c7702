/** The options of `martlet credentials`. Which of them a cloud has, its recipe says. */

import type { Options, OptionValues } from "../options.ts";
import { cloudRecipes } from "./recipes.ts";

const LATEST_SECONDS = 99_999_999_999;
const LATEST_MS = LATEST_SECONDS * 1000;

const text = (placeholder: string, help: string) => ({ kind: "texts", placeholder, help }) as const;

export const options = {
  cloud: text("<cloud>", `The same as <cloud>: ${Object.keys(cloudRecipes).join(", ")}.`),
  device: text("<name>", "The device: its name, id or key, as the cloud calls it."),
  product: text("<id>", "What the device belongs to: product key, product id, or Baidu's IoT Core id."),
  hub: text("<name>", "The hub, without .azure-devices.net."),
  module: text("<name>", "A module of the device."),
  policy: text("<name>", "The secret is that of this policy of the hub."),
  project: text("<id>", "The project of a device as at Google."),
  location: text("<name>", "Its location, such as europe-west1."),
  registry: text("<id>", "Its registry."),
  region: text("<name>", "The region, such as cn-shanghai or us-east-1."),
  instance: text("<id>", "The enterprise instance of Alibaba Cloud."),
  host: text("<host>", "The endpoint of the account or instance."),
  "client-id": text("<id>", "The client id, where the cloud leaves that free."),
  user: text("<name>", "The user name before the question mark."),
  password: text("<text>", "The password that the authoriser wants besides."),
  authorizer: text("<name>", "The custom authoriser."),
  "token-key": text("<name>", "What the authoriser calls its token."),
  token: text("<text>", "The token; the secret is the private key that signs it."),
  "access-key-id": text("<id>", "The id of the access key."),
  "session-token": text("<text>", "The session token of temporary keys."),
  method: text("<name>", "How to sign; each cloud says which there are."),
  random: text("<text>", "What makes a registration new. Default: 16 letters and digits."),
  "connection-id": text("<text>", "Five letters or digits. Default: invented."),
  unknown: { kind: "switch", help: "Register a device that the platform does not know." },
  "product-key": { kind: "switch", help: "The secret is the access key of the product." },
  "node-id": { kind: "switch", help: "The device is given by its node id." },
  "check-time": { kind: "switch", help: "The platform is to compare the time." },
  timestamp: {
    kind: "integer",
    placeholder: "<n>",
    lowest: 0,
    highest: LATEST_MS,
    help: "The time that is signed: milliseconds since 1970 at Alibaba Cloud, seconds elsewhere. Default: now where the cloud needs one, else none.",
  },
  "expires-in": {
    kind: "integer",
    placeholder: "<s>",
    lowest: 1,
    highest: LATEST_SECONDS,
    help: "How long the credentials are good, in seconds. Default 86400.",
  },
  "expires-at": {
    kind: "integer",
    placeholder: "<s>",
    lowest: 1,
    highest: LATEST_SECONDS,
    help: "The same as seconds since 1970.",
  },
  plain: { kind: "switch", help: "The address without TLS." },
  secret: text("<text>", "The secret. Other users of this machine may see it while the command runs."),
  "secret-file": text("<path>", "The file that holds the secret and nothing else."),
  "secret-env": text("<name>", "The environment variable that holds it."),
  json: { kind: "switch", help: "Write JSON." },
} as const satisfies Options;

export type CredentialsValues = OptionValues<typeof options>;
