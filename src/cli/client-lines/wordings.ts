/** All wordings, by their names in the configuration. */

import type { Configuration } from "#config";
import { mosquitto15 } from "./mosquitto-1-5.ts";
import { mosquitto20 } from "./mosquitto-2-0.ts";
import { mosquitto21 } from "./mosquitto-2-1.ts";
import type { Wording } from "./wording.ts";

export const wordings: Readonly<Record<Configuration["log"]["words"], Wording>> = {
  "mosquitto-1.5": mosquitto15,
  "mosquitto-2.0": mosquitto20,
  "mosquitto-2.1": mosquitto21,
};
