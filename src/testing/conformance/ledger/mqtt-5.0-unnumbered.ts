/**
 * Protocol errors and malformed packets that MQTT 5.0 names in its text without giving them a number, each in our own
 * words. The id is `U5-` and the section, with a letter where a section names several; `(0x82)` is the reason code.
 * One row a line: `id binds level requirement`; `## section` heads the rows below it. Read by `statements.ts`.
 */

export const mqtt50Unnumbered = `
## 2.2.2.2
U5-2.2.2.2 both must (0x81) A property id not allowed in the packet type, or a value of the wrong type, is malformed.
## 2.2.2.1
U5-2.2.2.1 both must (0x81) Property length longer than the remaining bytes is malformed.
## 3.1.2.11.2
U5-3.1.2.11.2 both must (0x82) Session Expiry Interval twice in CONNECT.
## 3.1.2.11.3
U5-3.1.2.11.3 both must (0x82) Receive Maximum twice or 0 in CONNECT.
## 3.1.2.11.4
U5-3.1.2.11.4 both must (0x82) Maximum Packet Size twice or 0 in CONNECT.
U5-3.1.2.11.4b client must (0x95) A packet above the client's own Maximum Packet Size is received: the client disconnects.
## 3.1.2.11.5
U5-3.1.2.11.5 both must (0x82) Topic Alias Maximum twice in CONNECT.
## 3.1.2.11.6
U5-3.1.2.11.6 both must (0x82) Request Response Information twice or not 0/1.
## 3.1.2.11.7
U5-3.1.2.11.7 both must (0x82) Request Problem Information twice or not 0/1.
U5-3.1.2.11.7b client must (0x82) With Request Problem Information 0 the client receives Reason String or User Property elsewhere than PUBLISH, CONNACK, DISCONNECT: it disconnects.
## 3.1.2.11.9
U5-3.1.2.11.9 both must (0x82) Authentication Method twice.
## 3.1.2.11.10
U5-3.1.2.11.10 both must (0x82) Authentication Data twice, or without a method.
## 3.1.3.2.2
U5-3.1.3.2.2 both must (0x82) Will Delay Interval twice.
## 3.1.3.2.3
U5-3.1.3.2.3 both must (0x82/0x99) Payload Format Indicator twice in the will; a payload that breaks the format may be refused.
## 3.1.3.2.4
U5-3.1.3.2.4 both must (0x82) Message Expiry Interval twice in the will.
## 3.1.3.2.5
U5-3.1.3.2.5 both must (0x82) Content Type twice in the will.
## 3.1.3.2.6
U5-3.1.3.2.6 both must (0x82) Response Topic twice in the will.
## 3.1.3.2.7
U5-3.1.3.2.7 both must (0x82) Correlation Data twice in the will.
## 3.2.2.3.2
U5-3.2.2.3.2 client must (0x82) Session Expiry Interval twice in CONNACK.
## 3.2.2.3.3
U5-3.2.2.3.3 client must (0x82) Receive Maximum twice or 0 in CONNACK.
## 3.2.2.3.4
U5-3.2.2.3.4 client must (0x82) Maximum QoS twice or above 1 in CONNACK.
U5-3.2.2.3.4b server must (0x9B) PUBLISH above the announced Maximum QoS.
## 3.2.2.3.5
U5-3.2.2.3.5 client must (0x82) Retain Available twice or not 0/1.
U5-3.2.2.3.5b server must (0x9A) RETAIN 1 although Retain Available 0.
## 3.2.2.3.6
U5-3.2.2.3.6 client must (0x82) Maximum Packet Size twice or 0 in CONNACK.
U5-3.2.2.3.6b server must (0x95) A packet above the server's Maximum Packet Size.
## 3.2.2.3.7
U5-3.2.2.3.7 client must (0x82) Assigned Client Identifier twice.
## 3.2.2.3.8
U5-3.2.2.3.8 client must (0x82) Topic Alias Maximum twice in CONNACK.
## 3.2.2.3.9
U5-3.2.2.3.9 client must (0x82) Reason String twice in CONNACK.
## 3.2.2.3.11
U5-3.2.2.3.11 client must (0x82) Wildcard Subscription Available twice or not 0/1.
U5-3.2.2.3.11b server must (0xA2) Wildcard filter although not available.
## 3.2.2.3.12
U5-3.2.2.3.12 client must (0x82) Subscription Identifiers Available twice or not 0/1.
U5-3.2.2.3.12b server must (0xA1) Subscription Identifier although not available.
## 3.2.2.3.13
U5-3.2.2.3.13 client must (0x82) Shared Subscription Available twice or not 0/1.
U5-3.2.2.3.13b server must (0x9E) $share filter although not available.
## 3.2.2.3.14
U5-3.2.2.3.14 client must (0x82) Server Keep Alive twice.
## 3.2.2.3.15
U5-3.2.2.3.15 client must (0x82) Response Information twice.
## 3.2.2.3.16
U5-3.2.2.3.16 client must (0x82) Server Reference twice.
## 3.2.2.3.17
U5-3.2.2.3.17 client must (0x82) Authentication Method twice in CONNACK.
## 3.2.2.3.18
U5-3.2.2.3.18 client must (0x82) Authentication Data twice in CONNACK.
## 3.3.2.1
U5-3.3.2.1 both must (0x82) Zero-length topic name and no Topic Alias.
## 3.3.2.3.2
U5-3.3.2.3.2 both may (0x99) Payload Format Indicator 1 with ill-formed payload may be refused.
## 3.3.2.3.4
U5-3.3.2.3.4 both must (0x82) Topic Alias twice.
## 3.3.2.3.5
U5-3.3.2.3.5 both must (0x82) Response Topic twice.
## 3.3.2.3.6
U5-3.3.2.3.6 both must (0x82) Correlation Data twice.
## 3.3.2.3.8
U5-3.3.2.3.8 both must (0x82) Subscription Identifier 0 in PUBLISH; or one that did not cause the message.
## 3.3.2.3.9
U5-3.3.2.3.9 both must (0x82) Content Type twice.
## 3.3.4
U5-3.3.4a both must (0x94) Topic Alias 0 or above the receiver's maximum.
U5-3.3.4b both must (0x82) Zero-length topic with an alias that has no mapping.
U5-3.3.4c both must (0x93) More unacknowledged QoS 1/2 PUBLISH than the receiver's Receive Maximum.
## 3.4.2.2.2
U5-3.4.2.2.2 both must (0x82) Reason String twice in PUBACK (same in PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK, DISCONNECT, AUTH).
## 3.8.2.1.2
U5-3.8.2.1.2 server must (0x82) Subscription Identifier 0 or twice in SUBSCRIBE.
## 3.8.3
U5-3.8.3a server must (0x82) SUBSCRIBE without payload.
U5-3.8.3b server must (0x82) Maximum QoS 3 in the options.
U5-3.8.3c server must (0x82) Retain Handling 3.
## 3.10.3
U5-3.10.3 server must (0x82) UNSUBSCRIBE without payload.
## 3.14.2.2.2
U5-3.14.2.2.2 server must (0x82) Session Expiry Interval twice in DISCONNECT.
U5-3.14.2.2.2b server must (0x82) Non-zero Session Expiry Interval in DISCONNECT after CONNECT had 0: not a valid DISCONNECT.
## 3.14.2.2.5
U5-3.14.2.2.5 client must (0x82) Server Reference twice in DISCONNECT.
## 3.15
U5-3.15 both must (0x82) AUTH although CONNECT had no, or another, Authentication Method.
## 3.15.2.2.2
U5-3.15.2.2.2 both must (0x82) Authentication Method missing or twice in AUTH.
## 3.15.2.2.3
U5-3.15.2.2.3 both must (0x82) Authentication Data twice in AUTH.
## 1.5.4
U5-1.5.4 both may (0x81) Control characters U+0001..1F, U+007F..9F and non-characters may be treated as malformed.
`;
