/**
 * The normative statements of MQTT 5.0 (OASIS standard of 2019-03-07, appendix B), each in our own words.
 * One row a line: `id binds level requirement`; `## section` heads the rows below it. Read by `statements.ts`.
 */

export const mqtt50 = `
## 1.5.4 UTF-8 Encoded String
MQTT-1.5.4-1 both must Strings are well-formed UTF-8 (RFC 3629) without surrogate code points U+D800..U+DFFF.
MQTT-1.5.4-2 both must U+0000 never occurs in a string.
MQTT-1.5.4-3 both must EF BB BF is the character U+FEFF and stays in the string wherever it is.
## 1.5.5 Variable Byte Integer
MQTT-1.5.5-1 both must A variable byte integer uses the fewest possible bytes.
## 1.5.7 UTF-8 String Pair
MQTT-1.5.7-1 both must Both halves of a string pair obey the string rules.
## 2.1.3 Flags
MQTT-2.1.3-1 both must Reserved fixed-header flag bits have the listed values.
## 2.2.1 Packet Identifier
MQTT-2.2.1-2 both must QoS 0 PUBLISH carries no packet identifier.
MQTT-2.2.1-3 client must Each new SUBSCRIBE, UNSUBSCRIBE or PUBLISH above QoS 0 gets a non-zero identifier not in use by the client.
MQTT-2.2.1-4 server must Each new PUBLISH above QoS 0 from the server gets a non-zero identifier not in use.
MQTT-2.2.1-5 both must PUBACK, PUBREC, PUBREL and PUBCOMP repeat the identifier of the PUBLISH.
MQTT-2.2.1-6 server must SUBACK and UNSUBACK repeat the identifier of the request.
## 2.2.2.1 Property Length
MQTT-2.2.2-1 both must No properties is written as property length 0 where the field exists.
## 3.1 CONNECT – Connection Request
MQTT-3.1.0-1 client must CONNECT is the first packet from the client.
MQTT-3.1.0-2 server must A second CONNECT is a Protocol Error and closes the connection.
## 3.1.2.1 CONNECT: Protocol Name
MQTT-3.1.2-1 both must Protocol name is 'MQTT'; a server that refuses and wants to show it is MQTT may send CONNACK 0x84, and closes either way.
## 3.1.2.2 CONNECT: Protocol Version
MQTT-3.1.2-2 server must Protocol version other than 5 not accepted: may send CONNACK 0x84, must close.
## 3.1.2.3 Connect Flags
MQTT-3.1.2-3 server must Reserved connect-flag bit 0 is checked to be 0.
## 3.1.2.4 CONNECT: Clean Start
MQTT-3.1.2-4 both must Clean Start 1 drops any existing session on both sides and starts anew.
MQTT-3.1.2-5 server must Clean Start 0 with a session for the id: the server goes on with that state.
MQTT-3.1.2-6 server must Clean Start 0 without a session: a new one is made.
## 3.1.2.5 CONNECT: Will Flag
MQTT-3.1.2-7 server must Will Flag 1: the will is stored with the session.
MQTT-3.1.2-8 server must The will is published after the connection closed and either the Will Delay ran out or the session ended, unless DISCONNECT 0x00 deleted it or the client came back before the delay ran out.
MQTT-3.1.2-9 both must Will Flag 1: will QoS/retain bits are used and Will Properties, Will Topic, Will Payload are in the payload.
MQTT-3.1.2-10 server must The will leaves the session once published or once DISCONNECT 0x00 came.
## 3.1.2.6 CONNECT: Will QoS
MQTT-3.1.2-11 both must Will Flag 0 implies Will QoS 0.
MQTT-3.1.2-12 both must With Will Flag 1 Will QoS is 0, 1 or 2; 3 is malformed.
## 3.1.2.7 CONNECT: Will Retain
MQTT-3.1.2-13 both must Will Flag 0 implies Will Retain 0.
MQTT-3.1.2-14 server must Will Retain 0: the will is published not retained.
MQTT-3.1.2-15 server must Will Retain 1: the will is published retained.
## 3.1.2.8 CONNECT: User Name Flag
MQTT-3.1.2-16 client must User Name Flag 0: no user name field.
MQTT-3.1.2-17 client must User Name Flag 1: user name field present.
## 3.1.2.9 CONNECT: Password Flag
MQTT-3.1.2-18 client must Password Flag 0: no password field.
MQTT-3.1.2-19 client must Password Flag 1: password field present (allowed without user name in 5.0).
## 3.1.2.10 CONNECT: Keep Alive
MQTT-3.1.2-20 client must Keep Alive above 0 and nothing else sent: the client sends PINGREQ.
MQTT-3.1.2-21 client must A Server Keep Alive in CONNACK replaces the client's own value.
MQTT-3.1.2-22 server must Keep Alive above 0 and silence for 1.5 times: the server closes the connection as on a network failure.
## 3.1.2.11.2 CONNECT: Session Expiry Interval
MQTT-3.1.2-23 both must Session Expiry Interval above 0: state is kept after the connection closed.
## 3.1.2.11.4 CONNECT: Maximum Packet Size
MQTT-3.1.2-24 server must Never sends a packet bigger than the client's Maximum Packet Size.
MQTT-3.1.2-25 server must A packet too large is dropped unsent and treated as if delivery was complete.
## 3.1.2.11.5 CONNECT: Topic Alias Maximum
MQTT-3.1.2-26 server must Topic aliases to the client never exceed its Topic Alias Maximum.
MQTT-3.1.2-27 server must Topic Alias Maximum absent or 0: no aliases to that client.
## 3.1.2.11.6 CONNECT: Request Response Information
MQTT-3.1.2-28 server must Request Response Information 0: no Response Information in CONNACK.
## 3.1.2.11.7 CONNECT: Request Problem Information
MQTT-3.1.2-29 server must Request Problem Information 0: Reason String and User Property only on PUBLISH, CONNACK and DISCONNECT.
## 3.1.2.11.9 CONNECT: Authentication Method
MQTT-3.1.2-30 client must With an Authentication Method in CONNECT the client sends only AUTH or DISCONNECT before CONNACK.
## 3.1.3 CONNECT Payload
MQTT-3.1.3-1 client must Payload fields in this order: client id, (will properties) will topic, will payload, user name, password.
## 3.1.3.1 CONNECT: Client Identifier (ClientID)
MQTT-3.1.3-2 both must The client id identifies the session on both sides.
MQTT-3.1.3-3 client must The client id field is present and first (it may be zero length).
MQTT-3.1.3-4 client must The client id is a UTF-8 string.
MQTT-3.1.3-5 server must Ids of 1..23 bytes out of 0-9a-zA-Z are accepted.
MQTT-3.1.3-6 server must If a zero-length id is allowed, the server treats it specially and assigns a unique id.
MQTT-3.1.3-7 server must It then proceeds as if that id had been sent and returns it as Assigned Client Identifier.
MQTT-3.1.3-8 server must When it rejects the id it may send CONNACK 0x85, and closes.
## 3.1.3.2.2 CONNECT: Will Delay Interval
MQTT-3.1.3-9 server must New connection to the session before the Will Delay passed: the will is not sent.
## 3.1.3.2.8 CONNECT: User Property
MQTT-3.1.3-10 server must User Properties of the will keep their order when the message is forwarded.
## 3.1.3.3 CONNECT: Will Topic
MQTT-3.1.3-11 client must The will topic is a UTF-8 string.
## 3.1.3.5 CONNECT: User Name
MQTT-3.1.3-12 client must The user name is a UTF-8 string.
## 3.1.4 CONNECT Actions
MQTT-3.1.4-1 server must CONNECT is validated against section 3.1; a mismatch closes the connection.
MQTT-3.1.4-2 server must Further checks, authentication and authorisation: any failure closes the connection.
MQTT-3.1.4-3 server must Id already connected: DISCONNECT 0x8E to the old client, then its connection is closed.
MQTT-3.1.4-4 server must Clean Start is processed.
MQTT-3.1.4-5 server must Success is acknowledged with CONNACK 0x00.
MQTT-3.1.4-6 server must After rejecting CONNECT no later data is processed (AUTH excepted).
## 3.2 CONNACK – Connect acknowledgement
MQTT-3.2.0-1 server must CONNACK 0x00 precedes every other packet except AUTH.
MQTT-3.2.0-2 server must Only one CONNACK per network connection.
## 3.2.2.1 CONNACK: Connect Acknowledge Flags
MQTT-3.2.2-1 server must CONNACK flag bits 7..1 are 0.
## 3.2.2.1.1 CONNACK: Session Present
MQTT-3.2.2-2 server must Accepted with Clean Start 1: Session Present 0 and reason 0x00.
MQTT-3.2.2-3 server must Accepted with Clean Start 0: Session Present 1 exactly when state exists; reason 0x00.
MQTT-3.2.2-4 client must No local session but Session Present 1: the client closes the connection.
MQTT-3.2.2-5 client must Local session but Session Present 0: the client drops its session if it goes on.
MQTT-3.2.2-6 server must Non-zero reason: Session Present 0.
## 3.2.2.2 CONNACK: Connect Reason Code
MQTT-3.2.2-7 server must CONNACK reason 0x80 or above: the connection is then closed.
MQTT-3.2.2-8 server must Only Connect reason codes are used in CONNACK.
## 3.2.2.3.4 CONNACK: Maximum QoS
MQTT-3.2.2-9 server must A server lacking QoS 1 or 2 for PUBLISH announces Maximum QoS in CONNACK.
MQTT-3.2.2-10 server must Such a server still accepts SUBSCRIBE with QoS 0, 1 or 2.
MQTT-3.2.2-11 client must The client does not publish above Maximum QoS.
MQTT-3.2.2-12 server must Will QoS above the supported one: connection refused (should be CONNACK 0x9B) and closed.
## 3.2.2.3.5 CONNACK: Retain Available
MQTT-3.2.2-13 server must Will Retain 1 without retain support: refused (should be 0x9A) and closed.
MQTT-3.2.2-14 client must Retain Available 0: the client does not publish with RETAIN 1.
## 3.2.2.3.6 CONNACK: Maximum Packet Size
MQTT-3.2.2-15 client must The client sends no packet above the server's Maximum Packet Size.
## 3.2.2.3.7 CONNACK: Assigned Client Identifier
MQTT-3.2.2-16 server must Zero-length id: CONNACK has an Assigned Client Identifier not used by any other session.
## 3.2.2.3.8 CONNACK: Topic Alias Maximum
MQTT-3.2.2-17 client must Client topic aliases stay within the server's Topic Alias Maximum.
MQTT-3.2.2-18 client must Topic Alias Maximum absent: no aliases to the server.
## 3.2.2.3.9 CONNACK: Reason String
MQTT-3.2.2-19 server must Reason String is left out of CONNACK if it would exceed the client's Maximum Packet Size.
## 3.2.2.3.10 CONNACK: User Property
MQTT-3.2.2-20 server must User Property is left out of CONNACK in the same case.
## 3.2.2.3.14 CONNACK: Server Keep Alive
MQTT-3.2.2-21 client must Server Keep Alive overrides the client value.
MQTT-3.2.2-22 server must Without Server Keep Alive the server uses the client's value.
## 3.3.1.1 PUBLISH: DUP
MQTT-3.3.1-1 both must DUP 1 on every re-delivery attempt of PUBLISH.
MQTT-3.3.1-2 both must DUP 0 on QoS 0.
MQTT-3.3.1-3 server must Outgoing DUP is independent of the incoming one.
## 3.3.1.2 PUBLISH: QoS
MQTT-3.3.1-4 both must QoS 3 is not allowed.
## 3.3.1.3 PUBLISH: RETAIN
MQTT-3.3.1-5 server must RETAIN 1 from a client: replace the retained message of the topic and store this one.
MQTT-3.3.1-6 server must Empty payload with RETAIN 1: processed normally and the retained message is removed.
MQTT-3.3.1-7 server must An empty message is never stored as retained.
MQTT-3.3.1-8 server must RETAIN 0 does not touch the retained store.
MQTT-3.3.1-9 server must Retain Handling 0: matching retained messages are sent on subscribe.
MQTT-3.3.1-10 server must Retain Handling 1: sent when the subscription is new, not sent when it existed. (The appendix prints the two cases the wrong way round; the body text is the sensible one.)
MQTT-3.3.1-11 server must Retain Handling 2: retained messages are not sent.
MQTT-3.3.1-12 server must Retain As Published 0: forwarded with RETAIN 0 whatever came in.
MQTT-3.3.1-13 server must Retain As Published 1: forwarded with the RETAIN that came in.
## 3.3.2.1 PUBLISH: Topic Name
MQTT-3.3.2-1 both must Topic Name is the first variable-header field and UTF-8.
MQTT-3.3.2-2 both must No wildcard characters in Topic Name.
MQTT-3.3.2-3 server must Delivered Topic Name matches the subscriber's filter.
## 3.3.2.3.2 PUBLISH: Payload Format Indicator
MQTT-3.3.2-4 server must Payload Format Indicator is forwarded unchanged.
## 3.3.2.3.3 PUBLISH: Message Expiry Interval
MQTT-3.3.2-5 server must Message expired before onward delivery began: that subscriber's copy is deleted.
MQTT-3.3.2-6 server must Forwarded Message Expiry Interval is the received one minus the waiting time.
## 3.3.2.3.4 PUBLISH: Topic Alias
MQTT-3.3.2-7 both must Alias mappings end with the network connection.
MQTT-3.3.2-8 both must Alias 0 is never sent.
MQTT-3.3.2-9 client must The client's alias never exceeds the server's Topic Alias Maximum.
MQTT-3.3.2-10 client must The client accepts every alias from 1 to the maximum it announced.
MQTT-3.3.2-11 server must The server's alias never exceeds the client's maximum.
MQTT-3.3.2-12 server must The server accepts every alias from 1 to the maximum it announced.
## 3.3.2.3.5 PUBLISH: Response Topic
MQTT-3.3.2-13 both must Response Topic is UTF-8.
MQTT-3.3.2-14 both must Response Topic has no wildcards.
MQTT-3.3.2-15 server must Response Topic is forwarded unchanged.
## 3.3.2.3.6 PUBLISH: Correlation Data
MQTT-3.3.2-16 server must Correlation Data is forwarded unchanged.
## 3.3.2.3.7 PUBLISH: User Property
MQTT-3.3.2-17 server must All User Properties are forwarded unchanged.
MQTT-3.3.2-18 server must User Properties keep their order.
## 3.3.2.3.9 PUBLISH: Content Type
MQTT-3.3.2-19 both must Content Type is UTF-8.
MQTT-3.3.2-20 server must Content Type is forwarded unchanged.
## 3.3.4 PUBLISH Actions
MQTT-3.3.4-1 both must The receiver answers PUBLISH by its QoS: nothing, PUBACK, PUBREC.
MQTT-3.3.4-2 server must Overlapping subscriptions: delivery respects the highest QoS of the matching ones.
MQTT-3.3.4-3 server must Subscription Identifiers of overlapping subscriptions are included in the message they caused.
MQTT-3.3.4-4 server must If one copy is sent it lists the identifiers of all matching subscriptions that have one, in any order.
MQTT-3.3.4-5 server must If several copies are sent each has the identifier of its own subscription, if any.
MQTT-3.3.4-6 client must A client never sends a Subscription Identifier in PUBLISH.
MQTT-3.3.4-7 client must At most Receive Maximum QoS 1/2 PUBLISH outstanding towards the server (until PUBACK, PUBCOMP or PUBREC with 0x80+).
MQTT-3.3.4-8 client must Other packet types are not held back by that limit.
MQTT-3.3.4-9 server must At most Receive Maximum QoS 1/2 PUBLISH outstanding towards the client.
MQTT-3.3.4-10 server must Other packet types are not held back by that limit.
## 3.4.2.1 PUBACK Reason Code
MQTT-3.4.2-1 both must PUBACK uses only PUBACK reason codes.
## 3.4.2.2.2 PUBACK: Reason String
MQTT-3.4.2-2 both must Reason String is omitted from PUBACK if it would exceed the receiver's maximum size.
## 3.4.2.2.3 PUBACK: User Property
MQTT-3.4.2-3 both must User Property likewise.
## 3.5.2.1 PUBREC Reason Code
MQTT-3.5.2-1 both must PUBREC uses only PUBREC reason codes.
## 3.5.2.2.2 PUBREC: Reason String
MQTT-3.5.2-2 both must Reason String is omitted from PUBREC if too large.
## 3.5.2.2.3 PUBREC: User Property
MQTT-3.5.2-3 both must User Property likewise.
## 3.6.1 PUBREL Fixed Header
MQTT-3.6.1-1 both must PUBREL flags are 0010; the server treats others as malformed and closes.
## 3.6.2.1 PUBREL Reason Code
MQTT-3.6.2-1 both must PUBREL uses only PUBREL reason codes (0x00, 0x92).
## 3.6.2.2.2 PUBREL: Reason String
MQTT-3.6.2-2 both must Reason String is omitted from PUBREL if too large.
## 3.6.2.2.3 PUBREL: User Property
MQTT-3.6.2-3 both must User Property likewise.
## 3.7.2.1 PUBCOMP Reason Code
MQTT-3.7.2-1 both must PUBCOMP uses only PUBCOMP reason codes (0x00, 0x92).
## 3.7.2.2.2 PUBCOMP: Reason String
MQTT-3.7.2-2 both must Reason String is omitted from PUBCOMP if too large.
## 3.7.2.2.3 PUBCOMP: User Property
MQTT-3.7.2-3 both must User Property likewise.
## 3.8.1 SUBSCRIBE Fixed Header
MQTT-3.8.1-1 both must SUBSCRIBE flags are 0010; the server treats others as malformed and closes.
## 3.8.3 SUBSCRIBE Payload
MQTT-3.8.3-1 client must Topic Filters are UTF-8.
MQTT-3.8.3-2 client must SUBSCRIBE has at least one filter/options pair.
## 3.8.3.1 SUBSCRIBE: Subscription Options
MQTT-3.8.3-3 server must No Local 1: messages are not sent to a connection with the publisher's own client id.
MQTT-3.8.3-4 client must No Local 1 on a shared subscription is a Protocol Error.
MQTT-3.8.3-5 server must Reserved option bits 6 and 7 non-zero: malformed.
## 3.8.4 SUBSCRIBE Actions
MQTT-3.8.4-1 server must SUBSCRIBE is answered with SUBACK.
MQTT-3.8.4-2 server must SUBACK has the packet id of the SUBSCRIBE.
MQTT-3.8.4-3 server must The same non-shared filter replaces the old subscription.
MQTT-3.8.4-4 server must Retain Handling 0 on replacement: retained messages are sent again and no message is lost meanwhile.
MQTT-3.8.4-5 server must Several filters act like a sequence of SUBSCRIBEs with a joint SUBACK.
MQTT-3.8.4-6 server must SUBACK has one reason code per pair.
MQTT-3.8.4-7 server must The code shows the granted maximum QoS or the failure.
MQTT-3.8.4-8 server must Delivery QoS is the minimum of published QoS and granted QoS.
## 3.9.2.1.2 SUBACK: Reason String
MQTT-3.9.2-1 server must Reason String is omitted from SUBACK if too large for the client.
## 3.9.2.1.3 SUBACK: User Property
MQTT-3.9.2-2 server must User Property likewise.
## 3.9.3 SUBACK Payload
MQTT-3.9.3-1 server must Codes are in the order of the filters.
MQTT-3.9.3-2 server must Only Subscribe reason codes are used.
## 3.10.1 UNSUBSCRIBE Fixed Header
MQTT-3.10.1-1 both must UNSUBSCRIBE flags are 0010; the server treats others as malformed and closes.
## 3.10.3 UNSUBSCRIBE Payload
MQTT-3.10.3-1 client must Filters are UTF-8.
MQTT-3.10.3-2 client must At least one filter.
## 3.10.4 UNSUBSCRIBE Actions
MQTT-3.10.4-1 server must Filters are compared character by character; an exact match deletes the subscription.
MQTT-3.10.4-2 server must After UNSUBSCRIBE no new matching messages are queued for the client.
MQTT-3.10.4-3 server must Started QoS 1/2 deliveries are completed.
MQTT-3.10.4-4 server must UNSUBSCRIBE is answered with UNSUBACK.
MQTT-3.10.4-5 server must Same packet id, and an answer even if nothing was deleted (0x11).
MQTT-3.10.4-6 server must Several filters act as a sequence with one UNSUBACK.
## 3.11.2.1.2 UNSUBACK: Reason String
MQTT-3.11.2-1 server must Reason String is omitted from UNSUBACK if too large.
## 3.11.2.1.3 UNSUBACK: User Property
MQTT-3.11.2-2 server must User Property likewise.
## 3.11.3 UNSUBACK Payload
MQTT-3.11.3-1 server must Codes are in the order of the filters.
MQTT-3.11.3-2 server must One Unsubscribe reason code per filter, from the table.
## 3.12.4 PINGREQ Actions
MQTT-3.12.4-1 server must PINGREQ is answered with PINGRESP.
## 3.14 DISCONNECT – Disconnect notification
MQTT-3.14.0-1 server must No DISCONNECT from the server before a CONNACK below 0x80.
## 3.14.1 DISCONNECT Fixed Header
MQTT-3.14.1-1 both must Reserved bits of DISCONNECT are checked; if not 0, DISCONNECT 0x81 is sent.
## 3.14.2.1 Disconnect Reason Code
MQTT-3.14.2-1 both must Only DISCONNECT reason codes are used, each by the allowed side.
## 3.14.2.2.2 DISCONNECT: Session Expiry Interval
MQTT-3.14.2-2 server must The server never sends Session Expiry Interval in DISCONNECT.
## 3.14.2.2.3 DISCONNECT: Reason String
MQTT-3.14.2-3 both must Reason String is omitted from DISCONNECT if too large.
## 3.14.2.2.4 DISCONNECT: User Property
MQTT-3.14.2-4 both must User Property likewise.
## 3.14.4 DISCONNECT Actions
MQTT-3.14.4-1 both must After DISCONNECT the sender sends nothing more on the connection.
MQTT-3.14.4-2 both must After DISCONNECT the sender closes the connection.
MQTT-3.14.4-3 server must DISCONNECT 0x00 removes the will unpublished.
## 3.15.1 AUTH Fixed Header
MQTT-3.15.1-1 both must AUTH flags are 0000; others are malformed and close.
## 3.15.2.1 Authenticate Reason Code
MQTT-3.15.2-1 both must AUTH uses 0x00, 0x18 or 0x19 only, by the allowed side.
## 3.15.2.2.4 AUTH: Reason String
MQTT-3.15.2-2 both must Reason String is omitted from AUTH if too large.
## 3.15.2.2.5 AUTH: User Property
MQTT-3.15.2-3 both must User Property likewise.
## 4.1.1 Storing Session State
MQTT-4.1.0-1 both must Session state is not dropped while the connection is open.
MQTT-4.1.0-2 server must Session state is dropped once the connection is closed and the Session Expiry Interval is over.
## 4.2 Network Connections
MQTT-4.2.0-1 both must At least one transport that gives an ordered lossless byte stream both ways.
## 4.3.1 QoS 0: At most once delivery
MQTT-4.3.1-1 both must QoS 0 sender: QoS 0, DUP 0.
## 4.3.2 QoS 1: At least once delivery
MQTT-4.3.2-1 both must QoS 1 sender takes an unused packet id for each new message.
MQTT-4.3.2-2 both must QoS 1 sender sends it with QoS 1 and DUP 0.
MQTT-4.3.2-3 both must QoS 1 sender holds it unacknowledged until PUBACK.
MQTT-4.3.2-4 both must QoS 1 receiver answers PUBACK with that id after taking ownership.
MQTT-4.3.2-5 both must After its PUBACK the receiver treats that id as a new message whatever DUP says.
## 4.3.3 QoS 2: Exactly once delivery
MQTT-4.3.3-1 both must QoS 2 sender takes an unused packet id.
MQTT-4.3.3-2 both must QoS 2 sender sends with QoS 2 and DUP 0.
MQTT-4.3.3-3 both must QoS 2 sender holds PUBLISH unacknowledged until PUBREC.
MQTT-4.3.3-4 both must PUBREC below 0x80 is answered by PUBREL of the same id.
MQTT-4.3.3-5 both must PUBREL is unacknowledged until PUBCOMP.
MQTT-4.3.3-6 both must No PUBLISH again after PUBREL was sent.
MQTT-4.3.3-7 both must Expiry is not applied once PUBLISH was sent.
MQTT-4.3.3-8 both must QoS 2 receiver answers PUBREC with that id after taking ownership.
MQTT-4.3.3-9 both must After a PUBREC of 0x80+ a PUBLISH with that id is a new message.
MQTT-4.3.3-10 both must Before PUBREL every repeat gets PUBREC and causes no second onward delivery.
MQTT-4.3.3-11 both must PUBREL is answered by PUBCOMP of the same id.
MQTT-4.3.3-12 both must After PUBCOMP that id is a new message.
MQTT-4.3.3-13 both must The QoS 2 handshake goes on even if the message expired.
## 4.4 Message delivery retry
MQTT-4.4.0-1 both must On reconnect with Clean Start 0 and a session both sides re-send unacknowledged PUBLISH (QoS above 0) and PUBREL with the old ids; at no other time may anything be re-sent.
MQTT-4.4.0-2 both must PUBACK or PUBREC of 0x80+ counts as acknowledged; no retransmission.
## 4.5 Message receipt
MQTT-4.5.0-1 server must A message taken over enters the session of every client with a matching subscription.
MQTT-4.5.0-2 client must Every PUBLISH is acknowledged by QoS even if ignored.
## 4.6 Message ordering
MQTT-4.6.0-1 client must Re-sent PUBLISH go out in the original order.
MQTT-4.6.0-2 client must PUBACKs in the order of the PUBLISHes.
MQTT-4.6.0-3 client must PUBRECs in the order of the PUBLISHes.
MQTT-4.6.0-4 client must PUBRELs in the order of the PUBRECs.
MQTT-4.6.0-5 server must Messages of one client, one topic and one QoS go to consumers in the order received.
MQTT-4.6.0-6 server must Every topic is ordered on non-shared subscriptions.
## 4.7.1 Topic wildcards
MQTT-4.7.0-1 both must Wildcards only in filters, never in names.
## 4.7.1.2 Multi-level wildcard
MQTT-4.7.1-1 both must '#' alone or after '/', always last.
## 4.7.1.3 Single-level wildcard
MQTT-4.7.1-2 both must '+' fills a whole level.
## 4.7.2 Topics beginning with $
MQTT-4.7.2-1 server must Filters starting with a wildcard do not match names starting with '$'.
## 4.7.3 Topic semantic and usage
MQTT-4.7.3-1 both must Names and filters have at least one character (a zero-length PUBLISH topic needs an alias).
MQTT-4.7.3-2 both must No U+0000.
MQTT-4.7.3-3 both must At most 65535 bytes.
MQTT-4.7.3-4 server must No normalisation while matching.
## 4.8.2 Shared Subscriptions
MQTT-4.8.2-1 both must Shared filter: $share/ plus a ShareName of at least one character.
MQTT-4.8.2-2 both must ShareName has no '/', '+' or '#', is followed by '/' and a filter.
MQTT-4.8.2-3 server must The granted QoS of the chosen client is respected.
MQTT-4.8.2-4 server must A QoS 2 message begun towards a member is completed with that member when it reconnects.
MQTT-4.8.2-5 server must If that member's session ends first, the message goes to no other member.
MQTT-4.8.2-6 server must PUBACK/PUBREC of 0x80+ from the chosen member discards the message; no other member gets it.
## 4.9 Flow Control
MQTT-4.9.0-1 both must The initial send quota is above 0 and at most Receive Maximum.
MQTT-4.9.0-2 both must Each QoS 1/2 PUBLISH takes one from the quota; at 0 no more of them are sent.
MQTT-4.9.0-3 both must At quota 0 all other packets are still processed.
## 4.12 Enhanced authentication
MQTT-4.12.0-1 server must Unsupported Authentication Method: may send CONNACK 0x8C or 0x87, closes.
MQTT-4.12.0-2 server must AUTH from the server during authentication has reason 0x18.
MQTT-4.12.0-3 client must The client's answering AUTH has reason 0x18.
MQTT-4.12.0-4 server must It may refuse at any step with CONNACK 0x80+, and then closes.
MQTT-4.12.0-5 both must All AUTH packets and a successful CONNACK repeat the method of CONNECT.
MQTT-4.12.0-6 server must No method in CONNECT: the server sends neither AUTH nor a method in CONNACK.
MQTT-4.12.0-7 client must No method in CONNECT: the client sends no AUTH.
## 4.12.1 Re-authentication
MQTT-4.12.1-1 client must Re-authentication: AUTH 0x19 with the original method.
MQTT-4.12.1-2 both must Failed re-authentication: should DISCONNECT with a reason, must close.
## 4.13.1 Malformed Packet and Protocol Errors
MQTT-4.13.1-1 server must Malformed packet or protocol error with a listed reason code: the server closes the connection.
## 4.13.2 Other errors
MQTT-4.13.2-1 both must A reason of 0x80+ in CONNACK or DISCONNECT means the connection is closed whether or not the packet was sent.
## 6 Using WebSocket as a network transport
MQTT-6.0.0-1 both must WebSocket data is in binary frames; other data frames close the connection.
MQTT-6.0.0-2 both must Frames may hold part of a packet or several.
MQTT-6.0.0-3 client must The client offers sub-protocol 'mqtt'.
MQTT-6.0.0-4 server must The server answers with 'mqtt'.
`;
