/** Long reports on standard output, whole: nothing is dropped, and a reader that goes away early is no error. */

export async function writeWhole(text: string): Promise<void> {
  await new Promise<void>((resolve) => {
    const { stdout } = process;
    // The reader has gone, for example `martlet conformance ... | head`.
    const onError = (): void => resolve();
    stdout.once("error", onError);
    stdout.write(`${text}\n`, (error) => {
      // A failed write is followed by the event.
      if (!error) stdout.off("error", onError);
      resolve();
    });
  });
}
