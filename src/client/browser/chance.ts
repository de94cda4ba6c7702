/** The chance that `connect` needs, for names and waits; `systemRandom` can do more and is larger. */

import type { Chance } from "../options.ts";

export const chance: Chance = {
  below(bound) {
    const [word = 0] = crypto.getRandomValues(new Uint32Array(1));
    return Math.floor((word / 2 ** 32) * bound);
  },
};
