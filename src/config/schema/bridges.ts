/** Other brokers that this one exchanges messages with: `[[bridges]]`. */

import { choice, file, list, table, tables, text, toggle, whole } from "../declare.ts";
import { LARGEST, shortNameForm } from "./shared.ts";

const HOUR_SECONDS = 3_600;
const FEWEST_KEEP_ALIVE_SECONDS = 5;

const tls = table(
  { says: "TLS to the other broker. Not set: none.", optional: true },
  {
    ca: file({ says: "The authorities that the other broker's certificate is of, in PEM form." }),
    ca_folder: text({ says: "A folder of such files." }),
    use_system_ca: toggle({
      default: false,
      says: "Whether the authorities of the system count, too. They do when neither `ca` nor `ca_folder` nor `psk` is set.",
    }),
    cert: file({ says: "Certificate that the bridge shows, in PEM form." }),
    key: file({ says: "Its private key." }),
    alpn: text({ says: "Name of the protocol in ALPN. Default: none is offered." }),
    insecure: toggle({
      default: false,
      says: "Whether the name in the other broker's certificate does not matter; its authority always does.",
    }),
    min_version: choice({
      choices: ["1.2", "1.3"],
      default: "1.2",
      says: "Oldest version of TLS that is spoken.",
    }),
    ciphers: text({ says: "In OpenSSL's words. Default: those of Node." }),
    psk_identity: text({ says: "Who the bridge is, with a pre-shared key instead of certificates." }),
    psk: text({ secret: true, says: "That key, in hex. TLS 1.2 is spoken then." }),
  },
);

const topics = tables(
  {
    default: [],
    says: "What is exchanged. A local topic is `local_prefix` and then what `pattern` matches, a remote one `remote_prefix` and the same.",
  },
  table(
    {},
    {
      pattern: text({
        default: "",
        says: "A topic filter behind both prefixes. Empty: the prefixes are two names of one topic.",
      }),
      direction: choice({
        choices: ["out", "in", "both"],
        default: "out",
        says: "`out` to the other broker, `in` from it, or both.",
      }),
      qos: whole({ lowest: 0, highest: 2, default: 0, says: "The highest QoS that a message goes with." }),
      local_prefix: text({ default: "", says: "In front of the topics of this broker." }),
      remote_prefix: text({ default: "", says: "In front of the topics of the other broker." }),
    },
  ),
);

export const bridges = tables(
  {
    says: "Other brokers that this one exchanges messages with. Several tables `[[bridges]]` are several bridges.",
    reload: "now",
    default: [],
  },
  table(
    {},
    {
      name: text({
        required: true,
        form: shortNameForm,
        says: "For logs, and in the names that the bridge has at both brokers.",
      }),
      addresses: list({
        item: text({
          form: {
            test: (value) =>
              /^(\[[\da-fA-F:.]+\]|[^\s:[\]/]+|[\da-fA-F]*:[\da-fA-F:.]*)(:\d{1,5})?$/.test(value),
            words: "a host, or host:port",
          },
        }),
        fewest: 1,
        required: true,
        says: "Where the other broker is, `host` or `host:port`; the port is 1883 by default, 8883 with `tls`. Several are tried in turn.",
      }),
      topics,
      protocol_version: choice({
        choices: ["3.1", "3.1.1", "5.0"],
        default: "3.1.1",
        says: "Version of MQTT that is spoken with the other broker.",
      }),
      clean_session: toggle({
        default: false,
        says: "Whether the other broker forgets the bridge when the connection is lost, and what comes meanwhile with it.",
      }),
      local_clean_session: toggle({
        says: "The same of this broker: what is to be sent while the other one is away. Default: as `clean_session`.",
      }),
      remote_client_id: text({
        says: "Who the bridge is at the other broker. Default: `{name}.{host name}`.",
      }),
      local_client_id: text({
        says: "Who the bridge is at this broker. Default: `local.` and `remote_client_id`.",
      }),
      remote_user_name: text({ says: "Login at the other broker." }),
      remote_password: text({ secret: true, says: "Its password. Better in a file." }),
      remote_password_file: file({ says: "A file with that password in its first line." }),
      keep_alive_seconds: whole({
        lowest: FEWEST_KEEP_ALIVE_SECONDS,
        highest: 65_535,
        unit: "seconds",
        default: 60,
        says: "Keep Alive towards the other broker.",
      }),
      notifications: toggle({
        default: true,
        says: "Whether a retained `1` or `0` says if the bridge is connected, at both brokers.",
      }),
      notifications_local_only: toggle({ default: false, says: "Says it at this broker only." }),
      notification_topic: text({
        says: "Where it is said. Default: `$SYS/broker/connection/{remote_client_id}/state`.",
      }),
      try_private: toggle({
        default: true,
        says: "Whether the bridge says with 3.x that it is one, so that the other broker does not send its own messages back. Without effect where that is refused.",
      }),
      start: choice({
        choices: ["automatic", "lazy", "once"],
        default: "automatic",
        says: "`automatic` connects at once and always again, `lazy` when enough messages wait, `once` does not come back when it is lost.",
      }),
      idle_timeout_seconds: whole({
        lowest: 1,
        highest: 24 * HOUR_SECONDS,
        unit: "seconds",
        default: 60,
        says: "With `lazy`: disconnects when nothing was exchanged for so long.",
      }),
      threshold: whole({
        lowest: 1,
        highest: 1_000_000,
        default: 10,
        says: "With `lazy`: connects when so many messages wait.",
      }),
      round_robin: toggle({
        default: false,
        says: "Whether the next address is as good as the first. Otherwise the bridge goes back to the first when it can.",
      }),
      restart_timeout: list({
        item: whole({ lowest: 1, highest: HOUR_SECONDS, unit: "seconds" }),
        fewest: 1,
        default: [5, 30],
        says: "Seconds until the next attempt. One number: always so many. Two or three: the least and the most, drawn in between and growing, and how long a connection has to last for the least to count again.",
      }),
      attempt_unsubscribe: toggle({
        default: true,
        says: "Whether the bridge ends subscriptions at the other broker for topics that only go out; older settings may have left some.",
      }),
      outgoing_retain: toggle({
        default: true,
        says: "Whether retained messages are retained at the other broker.",
      }),
      bind_address: text({
        says: "Address of this machine that the connection comes from. Default: the system's choice.",
      }),
      maximum_packet_bytes: whole({
        lowest: 0,
        highest: 268_435_460,
        unit: "bytes",
        default: 0,
        says: "Larger packets are not sent. 0: what the other broker takes.",
      }),
      maximum_topic_alias: whole({
        lowest: 0,
        highest: 65_535,
        default: 10,
        says: "With 5.0: topic aliases that the other broker may use.",
      }),
      receive_maximum: whole({
        lowest: 1,
        highest: 65_535,
        default: 20,
        says: "Messages above QoS 0 that may be under way unacknowledged, in either direction.",
      }),
      session_expiry_seconds: whole({
        lowest: 0,
        highest: 4_294_967_295,
        unit: "seconds",
        says: "With 5.0: how long the other broker keeps the session. Default: for ever, or 0 with `clean_session`.",
      }),
      maximum_queued_messages: whole({
        lowest: 1,
        highest: LARGEST,
        says: "Messages that wait for the other broker at most, behind the `receive_maximum` that are in flight. Default: `queue.maximum_messages`.",
      }),
      tls,
    },
  ),
);
