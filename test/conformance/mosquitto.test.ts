import { checkOfCases } from "./check-of-cases.ts";
import { mosquittoDeviations, mosquittoTested } from "./known-deviations.ts";
import { mosquittoTarget, mosquittoVersion } from "./mosquitto.ts";

const installed = mosquittoVersion();
const reasonToSkip =
  installed === mosquittoTested
    ? undefined
    : `the deviations are known for ${mosquittoTested}, installed is ${installed}`;

checkOfCases({
  target: mosquittoTarget(),
  deviations: mosquittoDeviations,
  versions: [3, 4, 5],
  reasonToSkip,
});
