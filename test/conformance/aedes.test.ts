import { aedesTarget } from "./aedes.ts";
import { checkOfCases } from "./check-of-cases.ts";
import { aedesDeviations } from "./known-deviations.ts";

checkOfCases({ target: aedesTarget(), deviations: aedesDeviations, versions: [3, 4] });
