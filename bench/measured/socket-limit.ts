/** How many sockets may be open at once. */

import { readFileSync } from "node:fs";

/** Descriptors for everything else that a process has open. */
const OTHERS = 300;
/** Where the system does not tell. */
const MODEST = 1024;

/** For this process, and for a child of it. Node has raised the soft limit as far as it goes. */
export function socketLimit(): number {
  let limits: string;
  try {
    limits = readFileSync("/proc/self/limits", "utf8");
  } catch {
    return MODEST - OTHERS;
  }
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  return (soft === "unlimited" ? Number.MAX_SAFE_INTEGER : Number(soft ?? MODEST)) - OTHERS;
}
