/** Text of help in lines for a terminal of 80 columns. */

const WIDTH = 80;

/** `text` broken at its blanks, each line behind `indent`. A word that is too long has a line of its own. */
export function wrap(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent.length + line.length + 1 + word.length > WIDTH) {
      lines.push(indent + line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, indent + line];
}
