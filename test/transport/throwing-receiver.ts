// A process of its own for process.test.ts: a listener whose receiver throws, and what the process sees of it, as JSON.
// Arguments: the kind of pipes.
import { connectTcp, type PipeChoice, tcpListener } from "#transport";

const seen: string[] = [];
process.on("uncaughtException", (error) => seen.push(`uncaught: ${error.message}`));
process.on("warning", (warning) => seen.push(`warning: ${warning.message}`));

let closed = 0;
const listener = tcpListener({ host: "127.0.0.1", port: 0, pipes: process.argv[2] as PipeChoice });
const [address] = await listener.start((pipe) =>
  pipe.open({
    onBytes(chunk) {
      seen.push(`bytes: ${String.fromCharCode(...chunk)}`);
      process.nextTick(() => seen.push("tick"));
      queueMicrotask(() => seen.push("microtask"));
      if (chunk[0] === 0x21) throw new TypeError("the receiver throws");
      pipe.write(Uint8Array.from(chunk));
    },
    onWritten: () => undefined,
    onClosed() {
      closed++;
      throw new TypeError("the receiver throws at the end");
    },
  }),
);

const pipe = await connectTcp({ port: address?.port ?? 0 });
const { promise: ended, resolve: end } = Promise.withResolvers<void>();
let answer = Promise.withResolvers<void>();
pipe.open({ onBytes: () => answer.resolve(), onWritten: () => undefined, onClosed: () => end() });
for (const text of ["a", "!"]) {
  answer = Promise.withResolvers<void>();
  pipe.write(Buffer.from(text));
  if (text === "a") await answer.promise;
  else while (!seen.includes("uncaught: the receiver throws")) await new Promise(setImmediate);
}
pipe.write(Buffer.from("b"));
await answer.promise;
pipe.end();
await ended;
while (closed === 0) await new Promise(setImmediate);
await listener.close();
process.stdout.write(JSON.stringify(seen));
