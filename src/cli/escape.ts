/**
 * Foreign text made safe for one line of a log or a terminal. Client ids and topics come from the network: a line feed in
 * them could fake a line, an escape sequence could drive a terminal, and a change of direction could hide what is there.
 */

/** Longer lines are cut: a topic may have 65,535 bytes. */
const LONGEST = 1_000;

// Control characters, line and paragraph separators, changes of direction, and the backslash that escapes them.
// oxlint-disable-next-line no-control-regex
const unsafe = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\\]/g;

/** `text` on one line: `\n`, `\x1b`, `\u202e` and `\\` for what could do harm. */
export function printable(text: string): string {
  const short = text.length > LONGEST ? `${text.slice(0, LONGEST)}... (${text.length} characters)` : text;
  return short.replace(unsafe, escaped);
}

function escaped(character: string): string {
  switch (character) {
    case "\\":
      return "\\\\";
    case "\n":
      return "\\n";
    case "\r":
      return "\\r";
    case "\t":
      return "\\t";
    default: {
      const hex = character.charCodeAt(0).toString(16);
      return hex.length <= 2 ? `\\x${hex.padStart(2, "0")}` : `\\u${hex.padStart(4, "0")}`;
    }
  }
}
