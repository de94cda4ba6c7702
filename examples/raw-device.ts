// A device that speaks MQTT as bytes over bare TCP, without a client library.
// Run it with: npx node examples/raw-device.ts [port]     while a broker runs on that port (default 1883)
import { once } from "node:events";
import { connect } from "node:net";

const packets = {
  CONNECT: `
    10 74 00 04 4d 51 54 54 04 c0 00 78
    00 33 61 62 63 7c 73 65 63 75 72 65 6d 6f 64 65 3d 33 2c 73 69 67 6e 6d 65 74 68 6f 64 3d 68 6d
          61 63 73 68 61 31 2c 74 69 6d 65 73 74 61 6d 70 3d 31 32 30 7c
    00 09 35 36 37 38 26 31 32 33 34
    00 28 32 32 32 37 35 30 44 45 44 46 45 34 46 37 37 34 30 30 32 45 45 38 37 45 45 44 32 39 43 46
          44 30 36 33 38 43 35 46 36 36`,
  SUBSCRIBE: "82 0e 00 01 00 09 2f 73 79 73 2f 70 6f 73 74 00",
  PUBLISH: "30 1d 00 09 2f 73 79 73 2f 70 6f 73 74 7b 70 61 72 61 6d 73 3a 7b 74 65 6d 70 3a 31 30 7d 7d",
  PINGREQ: "c0 00",
  DISCONNECT: "e0 00",
};

const socket = connect(Number(process.argv[2] ?? 1883), "127.0.0.1");
await once(socket, "connect");
for (const [name, hex] of Object.entries(packets)) {
  console.log("sending", name);
  socket.write(Buffer.from(hex.replaceAll(/\s/g, ""), "hex"));
  if (name === "DISCONNECT") break;
  const [answer] = (await once(socket, "data")) as [Buffer];
  console.log("received", answer.toString("hex").replaceAll(/(..)(?=.)/g, "$1 "));
}
socket.end();
