/** Sentences of the report on lines of the terminal's width. */

/** `12 (0x0c)`: offsets are hexadecimal in the table and decimal in sentences. */
export function toTell(offset: number): string {
  return `${offset} (0x${offset.toString(16).padStart(2, "0")})`;
}

/** `text` at most `width` wide; all lines but the first are indented. */
export function paragraph(text: string, width: number, indent = ""): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line.trim() !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent + word;
    } else line = lines.length === 0 && line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
