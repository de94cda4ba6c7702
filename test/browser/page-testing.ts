/** What the client's cases need of the test kit, without the rest of it, which is for Node. */

export { VirtualClock } from "../../src/testing/virtual-clock.ts";
export { memoryPipes } from "../../src/transport/memory.ts";
