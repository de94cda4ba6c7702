// Removes what builds and test runs write.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "./checkout.ts";

for (const folder of ["dist", "coverage"]) rmSync(join(root, folder), { recursive: true, force: true });
