/**
 * What a device without an MQTT library writes over plain TCP: the login, the subscription and the message of the source
 * documents. The login begins with the byte 0x10, which the document left out.
 */

import { hex } from "./raw-socket.ts";

/**
 * 118 bytes: 3.1.1, CleanSession 0, keep alive 120 s, client id `abc|securemode=3,signmethod=hmacsha1,timestamp=120|`,
 * user name `5678&1234`, a password of 40 hex digits.
 */
export const deviceConnect: Uint8Array = hex(`
  10 74 00 04 4d 51 54 54 04 c0 00 78
  00 33 61 62 63 7c 73 65 63 75 72 65 6d 6f 64 65 3d 33 2c 73 69 67 6e 6d 65 74 68 6f 64 3d 68 6d 61
        63 73 68 61 31 2c 74 69 6d 65 73 74 61 6d 70 3d 31 32 30 7c
  00 09 35 36 37 38 26 31 32 33 34
  00 28 32 32 32 37 35 30 44 45 44 46 45 34 46 37 37 34 30 30 32 45 45 38 37 45 45 44 32 39 43 46 44
        30 36 33 38 43 35 46 36 36`);

export const deviceClientId = "abc|securemode=3,signmethod=hmacsha1,timestamp=120|";

/** Packet id 1, filter `/sys/post`, QoS 0. */
export const deviceSubscribe: Uint8Array = hex("82 0E 00 01 00 09 2F 73 79 73 2F 70 6F 73 74 00");

/** 31 bytes: QoS 0, topic `/sys/post`, payload `{params:{temp:10}}`. */
export const devicePublish: Uint8Array = hex(`
  30 1d 00 09 2f 73 79 73 2f 70 6f 73 74 7b 70 61 72 61 6d 73 3a 7b 74 65 6d 70 3a 31 30 7d 7d`);
