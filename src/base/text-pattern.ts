/**
 * Texts with `*` for any run of characters, also none: `sensor-*`, `*.example.org`. Everything else stands for itself; case
 * counts. Takes time in proportion to both lengths at worst, whatever the text.
 */

export class TextPattern {
  readonly #parts: readonly string[];

  constructor(text: string) {
    this.#parts = text.split("*");
  }

  matches(text: string): boolean {
    const parts = this.#parts;
    const first = parts[0] as string;
    if (parts.length === 1) return text === first;
    const last = parts[parts.length - 1] as string;
    if (text.length < first.length + last.length) return false;
    if (!text.startsWith(first) || !text.endsWith(last)) return false;
    // The earliest place for each part leaves most for those that follow.
    let at = first.length;
    const end = text.length - last.length;
    for (let i = 1; i < parts.length - 1; i++) {
      const part = parts[i] as string;
      const found = text.indexOf(part, at);
      if (found < 0 || found + part.length > end) return false;
      at = found + part.length;
    }
    return true;
  }
}

export function matchesOne(patterns: readonly TextPattern[], text: string): boolean {
  for (const pattern of patterns) if (pattern.matches(text)) return true;
  return false;
}
