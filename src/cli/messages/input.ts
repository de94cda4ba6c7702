/** Standard input for payloads: as bytes, whatever they mean. */

const LINE_FEED = 0x0a;

/** All of it. */
export async function wholeInput(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Its lines without their line feeds; a last one without a line feed is one too. */
export async function* inputLines(): AsyncGenerator<Uint8Array, undefined> {
  let rest: Buffer[] = [];
  for await (const chunk of process.stdin) {
    let bytes = chunk as Buffer;
    for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED)) {
      yield Buffer.concat([...rest, bytes.subarray(0, at)]);
      rest = [];
      bytes = bytes.subarray(at + 1);
    }
    if (bytes.length > 0) rest.push(bytes);
  }
  if (rest.length > 0) yield Buffer.concat(rest);
  return undefined;
}
