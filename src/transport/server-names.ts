/**
 * Which of several certificates a client is shown, by the host name it asks for (SNI, RFC 6066). A name that is written out
 * goes before a wildcard, and the first that was added before the others. A wildcard stands for one label.
 */

/** Values by host names. */
export class ServerNames<T> {
  readonly #byName = new Map<string, T>();

  /** Whether `text` is a host name, or one with `*` as its first label. */
  static isName(text: string): boolean {
    return /^(?:\*\.)?[\w-]+(?:\.[\w-]+)*\.?$/.test(text);
  }

  add(name: string, value: T): void {
    const plain = plainName(name);
    if (!this.#byName.has(plain)) this.#byName.set(plain, value);
  }

  /** What was added for `name`, or undefined. */
  get(name: string): T | undefined {
    const plain = plainName(name);
    const dot = plain.indexOf(".");
    return this.#byName.get(plain) ?? (dot < 1 ? undefined : this.#byName.get(`*${plain.slice(dot)}`));
  }
}

function plainName(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith(".") ? lower.slice(0, -1) : lower;
}
