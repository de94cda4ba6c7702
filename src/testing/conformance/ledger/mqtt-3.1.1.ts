/**
 * The normative statements of MQTT 3.1.1 (OASIS standard of 2014-10-29, appendix B), each in our own words.
 * One row a line: `id binds level requirement`; `## section` heads the rows below it. Read by `statements.ts`.
 */

export const mqtt311 = `
## 1.5.3 UTF-8 encoded strings
MQTT-1.5.3-1 both must Text fields hold valid UTF-8 only (RFC 3629); surrogate code points U+D800..U+DFFF may not be encoded. A receiver that finds ill-formed UTF-8 drops the network connection.
MQTT-1.5.3-2 both must U+0000 may not occur in a string; a receiver that sees it drops the network connection.
MQTT-1.5.3-3 both must EF BB BF inside a string is the character U+FEFF and is kept as is, never removed as a byte-order mark.
## 2.2.2 Flags
MQTT-2.2.2-1 both must Fixed-header flag bits listed as reserved carry exactly the value of the flag table (0000, or 0010 for PUBREL, SUBSCRIBE, UNSUBSCRIBE).
MQTT-2.2.2-2 both must Wrong reserved flag bits on receipt lead to closing the network connection.
## 2.3.1 Packet Identifier
MQTT-2.3.1-1 both must SUBSCRIBE, UNSUBSCRIBE and PUBLISH above QoS 0 carry a 16-bit packet identifier different from 0.
MQTT-2.3.1-2 client must A new packet of those kinds gets an identifier not currently in use by the client.
MQTT-2.3.1-3 client must A re-sent packet keeps its identifier; the identifier is free again only after PUBACK (QoS 1), PUBCOMP (QoS 2), SUBACK or UNSUBACK was processed.
MQTT-2.3.1-4 server must The same rules for identifiers bind a server that sends PUBLISH above QoS 0.
MQTT-2.3.1-5 both must A QoS 0 PUBLISH has no packet identifier field.
MQTT-2.3.1-6 both must PUBACK, PUBREC and PUBREL repeat the identifier of the PUBLISH they belong to.
MQTT-2.3.1-7 server must SUBACK and UNSUBACK repeat the identifier of the request they answer.
## 3.1 CONNECT – Client requests a connection to a Server
MQTT-3.1.0-1 client must CONNECT is the first packet a client sends on a new network connection.
MQTT-3.1.0-2 server must A second CONNECT on the same network connection is a protocol violation; the client is disconnected.
## 3.1.2.1 CONNECT: Protocol Name
MQTT-3.1.2-1 server must With a wrong protocol name the server may disconnect, or handle the packet under some other specification, but not under this one.
## 3.1.2.2 CONNECT: Protocol Level
MQTT-3.1.2-2 server must An unsupported protocol level is answered by CONNACK return code 1, then the connection ends.
## 3.1.2.3 Connect Flags
MQTT-3.1.2-3 server must Bit 0 of the connect flags is checked; when set the client is disconnected.
## 3.1.2.4 CONNECT: Clean Session
MQTT-3.1.2-4 both must CleanSession 0: resume the stored session of this client id, or make one; both sides keep the session after the disconnection.
MQTT-3.1.2-5 server must While a CleanSession 0 client is away, matching QoS 1 and 2 messages are stored in its session.
MQTT-3.1.2-6 both must CleanSession 1: any earlier session is thrown away, a fresh one lives only as long as the connection and its state is never reused.
MQTT-3.1.2-7 server must Retained messages are not session state and survive the end of a session.
## 3.1.2.5 CONNECT: Will Flag
MQTT-3.1.2-8 server must Will Flag 1 and the connection accepted: the will is kept with the network connection and published when the connection closes, unless DISCONNECT removed it first.
MQTT-3.1.2-9 both must Will Flag 1: will QoS and will retain bits count, and will topic and will message are in the payload.
MQTT-3.1.2-10 server must The will leaves the session state once published or once DISCONNECT came.
MQTT-3.1.2-11 client must Will Flag 0: will QoS and retain bits are 0 and no will fields are in the payload.
MQTT-3.1.2-12 server must Will Flag 0: no will is published at the end.
## 3.1.2.6 CONNECT: Will QoS
MQTT-3.1.2-13 client must Will Flag 0 implies will QoS 0.
MQTT-3.1.2-14 both must Will QoS is 0, 1 or 2; never 3.
## 3.1.2.7 CONNECT: Will Retain
MQTT-3.1.2-15 client must Will Flag 0 implies will retain 0.
MQTT-3.1.2-16 server must Will retain 0: the will is published not retained.
MQTT-3.1.2-17 server must Will retain 1: the will is published as a retained message.
## 3.1.2.8 CONNECT: User Name Flag
MQTT-3.1.2-18 client must User Name Flag 0: no user name in the payload.
MQTT-3.1.2-19 client must User Name Flag 1: user name present.
## 3.1.2.9 CONNECT: Password Flag
MQTT-3.1.2-20 client must Password Flag 0: no password in the payload.
MQTT-3.1.2-21 client must Password Flag 1: password present.
MQTT-3.1.2-22 client must No password without a user name: User Name Flag 0 forces Password Flag 0.
## 3.1.2.10 CONNECT: Keep Alive
MQTT-3.1.2-23 client must The client keeps gaps between its packets within Keep Alive; with nothing else to send it sends PINGREQ.
MQTT-3.1.2-24 server must Keep Alive above 0 and no packet for 1.5 times that period: the server ends the network connection as if the network had failed.
## 3.1.3 CONNECT: Payload
MQTT-3.1.3-1 client must Payload order: client id, will topic, will message, user name, password.
## 3.1.3.1 CONNECT: Client Identifier
MQTT-3.1.3-2 both must The client id names the session on both sides and is unique per client.
MQTT-3.1.3-3 client must The client id is always there and is the first payload field.
MQTT-3.1.3-4 client must The client id is a UTF-8 string.
MQTT-3.1.3-5 server must Ids of 1 to 23 bytes using 0-9 a-z A-Z are always accepted.
MQTT-3.1.3-6 server must A zero-length id may be allowed; then the server invents a unique id and goes on as if the client had sent it.
MQTT-3.1.3-7 client must A client with an empty id sets CleanSession 1.
MQTT-3.1.3-8 server must Empty id with CleanSession 0: CONNACK return code 2, then close.
MQTT-3.1.3-9 server must A rejected client id is answered with CONNACK return code 2, then close.
## 3.1.3.2 CONNECT: Will Topic
MQTT-3.1.3-10 client must The will topic is a UTF-8 string.
## 3.1.3.4 CONNECT: User Name
MQTT-3.1.3-11 client must The user name is a UTF-8 string.
## 3.1.4 CONNECT: Response
MQTT-3.1.4-1 server must CONNECT is checked against section 3.1; when it does not conform the connection closes with no CONNACK.
MQTT-3.1.4-2 server must When the id is already connected, the older connection is ended.
MQTT-3.1.4-3 server must After validation CleanSession is processed as 3.1.2.4 says.
MQTT-3.1.4-4 server must After validation CONNACK with return code 0 is sent.
MQTT-3.1.4-5 server must After rejecting CONNECT nothing the client sent after it is processed.
## 3.2 CONNACK
MQTT-3.2.0-1 server must CONNACK is the first packet a server sends.
## 3.2.2 CONNACK: Variable header
MQTT-3.2.2-1 server must Accepting CleanSession 1: Session Present 0 with return code 0.
## 3.2.2.1 CONNACK: Connect Acknowledge Flags
MQTT-3.2.2-2 server must Accepting CleanSession 0 with stored state: Session Present 1.
MQTT-3.2.2-3 server must Accepting without stored state: Session Present 0, return code 0.
MQTT-3.2.2-4 server must A non-zero return code goes with Session Present 0.
## 3.2.2.3 CONNACK: Connect Return code
MQTT-3.2.2-5 server must After a non-zero return code the connection is closed.
MQTT-3.2.2-6 server must When no listed return code fits, close without CONNACK.
## 3.3.1 PUBLISH: Fixed header
MQTT-3.3.1-1 both must DUP is 1 whenever a PUBLISH is re-delivered.
## 3.3.1.1 PUBLISH: DUP
MQTT-3.3.1-2 both must DUP is 0 on QoS 0 messages.
MQTT-3.3.1-3 server must DUP of an incoming PUBLISH is not passed on; the outgoing DUP says only whether this outgoing packet is a re-send.
## 3.3.1.2 PUBLISH: QoS
MQTT-3.3.1-4 both must QoS bits 11 are not allowed; a receiver closes the connection.
## 3.3.1.3 PUBLISH: RETAIN
MQTT-3.3.1-5 server must RETAIN 1 from a client: keep message and its QoS for later subscribers.
MQTT-3.3.1-6 server must A new subscription gets the last retained message of every matching topic.
MQTT-3.3.1-7 server must A QoS 0 retained message discards the previous retained one; the new one should be kept but may be dropped any time.
MQTT-3.3.1-8 server must RETAIN is 1 on a message sent because of a new subscription.
MQTT-3.3.1-9 server must RETAIN is 0 on a message sent through an existing subscription whatever the publisher set.
MQTT-3.3.1-10 server must Empty payload with RETAIN 1 is delivered normally and removes the retained message of that topic.
MQTT-3.3.1-11 server must An empty retained message is not stored.
MQTT-3.3.1-12 server must RETAIN 0 neither stores nor replaces nor removes a retained message.
## 3.3.2.1 PUBLISH: Topic Name
MQTT-3.3.2-1 both must The topic name is the first variable-header field and is UTF-8.
MQTT-3.3.2-2 both must No wildcard in a topic name.
MQTT-3.3.2-3 server must The topic name of a delivered message matches the subscriber's filter.
## 3.3.4 PUBLISH: Response
MQTT-3.3.4-1 both must The receiver answers by QoS: nothing, PUBACK, or PUBREC.
## 3.3.5 PUBLISH: Actions
MQTT-3.3.5-1 server must With overlapping subscriptions the message is delivered respecting the highest QoS of those that match.
MQTT-3.3.5-2 server must An unauthorised PUBLISH is either acknowledged positively by the QoS rules or the connection closes.
## 3.6.1 PUBREL: Fixed header
MQTT-3.6.1-1 both must PUBREL flags are 0010; a server treats any other value as malformed and closes.
## 3.8.1 SUBSCRIBE: Fixed header
MQTT-3.8.1-1 both must SUBSCRIBE flags are 0010; a server treats any other value as malformed and closes.
## 3.8.3 SUBSCRIBE: Payload
MQTT-3.8.3-1 client must Topic filters in SUBSCRIBE are UTF-8.
MQTT-3.8.3-2 server must A server without wildcard support rejects filters that hold wildcards.
MQTT-3.8.3-3 client must SUBSCRIBE has at least one filter/QoS pair; none is a violation.
MQTT-3.8.3-4 server must Upper six bits of the requested-QoS byte non-zero, or QoS 3: malformed, close.
## 3.8.4 SUBSCRIBE: Response
MQTT-3.8.4-1 server must Every SUBSCRIBE is answered with SUBACK.
MQTT-3.8.4-2 server must SUBACK has the packet id of the SUBSCRIBE.
MQTT-3.8.4-3 server must An identical filter replaces the old subscription (QoS may change), retained messages are sent again and the flow of messages is not interrupted.
MQTT-3.8.4-4 server must Several filters are handled as a sequence of single subscribes with one combined SUBACK.
MQTT-3.8.4-5 server must SUBACK has one code per pair: granted maximum QoS or failure.
MQTT-3.8.4-6 server must Delivery QoS is the lower of published and granted QoS; duplicates are allowed where QoS 1 meets granted 0.
## 3.9.3 SUBACK: Payload
MQTT-3.9.3-1 server must Return codes are in the order of the filters.
MQTT-3.9.3-2 server must Only 0x00, 0x01, 0x02 and 0x80 are used.
## 3.10.1 UNSUBSCRIBE: Fixed header
MQTT-3.10.1-1 both must UNSUBSCRIBE flags are 0010; a server treats any other value as malformed and closes.
## 3.10.3 UNSUBSCRIBE: Payload
MQTT-3.10.3-1 client must Filters in UNSUBSCRIBE are UTF-8 and packed one after another.
MQTT-3.10.3-2 client must UNSUBSCRIBE has at least one filter; none is a violation.
## 3.10.4 UNSUBSCRIBE: Response
MQTT-3.10.4-1 server must Filters are compared character by character; exact match deletes the subscription, otherwise nothing further happens.
MQTT-3.10.4-2 server must After the deletion no new messages are added for that client.
MQTT-3.10.4-3 server must QoS 1 and 2 messages already started are finished.
MQTT-3.10.4-4 server must UNSUBSCRIBE is answered with UNSUBACK of the same packet id.
MQTT-3.10.4-5 server must UNSUBACK is sent even when nothing was deleted.
MQTT-3.10.4-6 server must Several filters are handled as a sequence with one UNSUBACK.
## 3.12.4 PINGREQ: Response
MQTT-3.12.4-1 server must PINGREQ is answered with PINGRESP.
## 3.14.1 DISCONNECT: Fixed header
MQTT-3.14.1-1 server must Reserved bits of DISCONNECT are checked; non-zero leads to disconnection.
## 3.14.4 DISCONNECT: Response
MQTT-3.14.4-1 client must After DISCONNECT the client closes the network connection.
MQTT-3.14.4-2 client must After DISCONNECT the client sends no further control packet.
MQTT-3.14.4-3 server must DISCONNECT discards the will without publishing it.
## 4.1 Storing state
MQTT-4.1.0-1 both must Session state is kept for the whole session.
MQTT-4.1.0-2 both must A session lasts at least as long as its network connection.
## 4.3.1 QoS 0: At most once delivery
MQTT-4.3.1-1 both must QoS 0 sender: PUBLISH with QoS 0 and DUP 0.
## 4.3.2 QoS 1: At least once delivery
MQTT-4.3.2-1 both must QoS 1 sender: unused packet id, QoS 1, DUP 0 at first, unacknowledged until PUBACK came.
MQTT-4.3.2-2 both must QoS 1 receiver: takes ownership, answers PUBACK with the same id; afterwards a PUBLISH with that id is a new message whatever its DUP.
## 4.3.3 QoS 2: Exactly once delivery
MQTT-4.3.3-1 both must QoS 2 sender: unused id, QoS 2, DUP 0, unacknowledged until PUBREC; then PUBREL with the same id, unacknowledged until PUBCOMP; never PUBLISH again after PUBREL.
MQTT-4.3.3-2 both must QoS 2 receiver: PUBREC with the same id on taking ownership; until PUBREL every repeat of the id gets PUBREC and no second delivery; PUBREL gets PUBCOMP; after PUBCOMP the id is a new message.
## 4.4 Message delivery retry
MQTT-4.4.0-1 both must On reconnect with CleanSession 0 both sides re-send unacknowledged PUBLISH (QoS above 0) and PUBREL with the original ids.
## 4.5 Message receipt
MQTT-4.5.0-1 server must A message taken over is added to the session of every client with a matching subscription.
MQTT-4.5.0-2 client must Every received PUBLISH is acknowledged by its QoS even if the application ignores it.
## 4.6 Message ordering
MQTT-4.6.0-1 both must Re-sent PUBLISH packets go out in the original order.
MQTT-4.6.0-2 client must PUBACKs go out in the order the PUBLISH packets came.
MQTT-4.6.0-3 client must PUBRECs go out in the order of the PUBLISH packets.
MQTT-4.6.0-4 client must PUBRELs go out in the order of the PUBRECs.
MQTT-4.6.0-5 server must Topics are ordered by default; unordered topics only by an explicit administrative choice.
MQTT-4.6.0-6 server must On ordered topics the above rules hold per subscriber and messages of one client, one topic and one QoS are sent on in the order received.
## 4.7.1 Topic wildcards
MQTT-4.7.1-1 both must Wildcards may be in filters, never in topic names.
## 4.7.1.2 Multi-level wildcard
MQTT-4.7.1-2 both must '#' stands alone or right after '/', and is the last character.
## 4.7.1.3 Single level wildcard
MQTT-4.7.1-3 both must '+' fills a whole level, at any position.
## 4.7.2 Topics beginning with $
MQTT-4.7.2-1 server must Filters that start with '#' or '+' do not match topics that start with '$'.
## 4.7.3 Topic semantic and usage
MQTT-4.7.3-1 both must Topic names and filters have at least one character.
MQTT-4.7.3-2 both must Topic names and filters hold no U+0000.
MQTT-4.7.3-3 both must Topic names and filters are at most 65535 bytes of UTF-8.
MQTT-4.7.3-4 server must Matching uses the characters as they are; no normalisation or substitution.
## 4.8 Handling errors
MQTT-4.8.0-1 both must A protocol violation closes the network connection it came on, unless stated otherwise.
MQTT-4.8.0-2 both must A transient error while handling an inbound packet closes that network connection.
## 6 Using WebSocket as a network transport
MQTT-6.0.0-1 both must Over WebSocket packets travel in binary frames; any other data frame closes the connection.
MQTT-6.0.0-2 both must A frame may hold several packets or a part of one; receivers do not rely on frame boundaries.
MQTT-6.0.0-3 client must The client offers the sub-protocol 'mqtt'.
MQTT-6.0.0-4 server must The server picks and returns 'mqtt'.
## 7 Conformance
MQTT-7.0.0-1 server must A server that also opens connections to other servers conforms as client and server.
MQTT-7.0.0-2 both must No extension may be needed to interoperate.
## 7.1.1 MQTT Server
MQTT-7.1.1-1 server must The server supports at least one transport giving an ordered lossless byte stream both ways.
## 7.1.2 MQTT Client
MQTT-7.1.2-1 client must The client supports at least one such transport.
`;
