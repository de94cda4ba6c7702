/** Long reports on standard output, whole: nothing is dropped, and a reader that goes away early is no error. */

export async function writeWhole(text: string): Promise<void> {
  await new Promise<void>((resolve) => {
    const { stdout } = process;
    // The reader has gone, for example `martlet conformance ... | head`.
    stdout.once("error", () => resolve());
    stdout.write(`${text}\n`, () => resolve());
  });
}
