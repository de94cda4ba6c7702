"""A paho client under remote control: one JSON command a line in, one JSON event a line out.

    {"do": "connect", "id": "a", "port": 1883, "transport": "tcp", "version": 4, ...}
    {"event": "connected", "id": "a", "rc": 0, "sessionPresent": false}

Commands name the client by "id"; one process holds as many clients as the test wants. The callbacks report everything
that paho tells; nothing is judged here.
"""

import base64
import json
import os
import sys
import threading

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

output = threading.Lock()
clients = {}


def say(event, **fields):
    with output:
        sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
        sys.stdout.flush()


def number(code):
    """A reason code of 5.0, or a return code of older versions."""
    return code if isinstance(code, int) else code.value


def plain(properties):
    """Properties as JSON; bytes as base64."""
    if properties is None:
        return {}
    result = {}
    for name in properties.names:
        key = name.replace(" ", "")
        if not hasattr(properties, key):
            continue
        value = getattr(properties, key)
        if isinstance(value, bytes):
            value = {"base64": base64.b64encode(value).decode()}
        result[key] = value
    return result


def with_properties(packet_type, values):
    """Properties from JSON, or None when there are none."""
    if not values:
        return None
    properties = Properties(packet_type)
    for name, value in values.items():
        if name == "UserProperty":
            value = [tuple(pair) for pair in value]
        if isinstance(value, dict):
            value = base64.b64decode(value["base64"])
        setattr(properties, name, value)
    return properties


def listen(client, name, is_5):
    def on_connect_3(_client, _data, flags, rc):
        say("connected", id=name, rc=rc, sessionPresent=bool(flags.get("session present", 0)), properties={})

    def on_connect_5(_client, _data, flags, rc, properties):
        present = bool(flags.get("session present", 0))
        say("connected", id=name, rc=number(rc), sessionPresent=present, properties=plain(properties))

    def on_disconnect(_client, _data, rc, *rest):
        reason = number(rest[0]) if rest and rest[0] is not None and not isinstance(rest[0], Properties) else None
        say("disconnected", id=name, rc=number(rc), reason=reason)

    def on_message(_client, _data, message):
        say(
            "message",
            id=name,
            topic=message.topic,
            payload=base64.b64encode(message.payload).decode(),
            qos=message.qos,
            retain=bool(message.retain),
            dup=bool(message.dup),
            properties=plain(getattr(message, "properties", None)),
        )

    def on_subscribe(_client, _data, mid, codes, *_rest):
        say("subscribed", id=name, mid=mid, codes=[number(code) for code in codes])

    def on_unsubscribe(_client, _data, mid, *_rest):
        say("unsubscribed", id=name, mid=mid)

    def on_publish(_client, _data, mid):
        say("published", id=name, mid=mid)

    client.on_connect = on_connect_5 if is_5 else on_connect_3
    client.on_disconnect = on_disconnect
    client.on_message = on_message
    client.on_subscribe = on_subscribe
    client.on_unsubscribe = on_unsubscribe
    client.on_publish = on_publish


def connect(command):
    name = command["id"]
    is_5 = command["version"] == 5
    clean = {} if is_5 else {"clean_session": command.get("clean", True)}
    client = mqtt.Client(
        client_id=command.get("clientId", name),
        protocol=command["version"],
        transport=command["transport"],
        **clean,
    )
    if command["transport"] == "websockets":
        client.ws_set_options(path="/mqtt")
    client.max_queued_messages_set(0)
    if "maxInflight" in command:
        client.max_inflight_messages_set(command["maxInflight"])
    if "userName" in command:
        client.username_pw_set(command["userName"], command.get("password"))
    will = command.get("will")
    if will is not None:
        client.will_set(
            will["topic"],
            will["payload"],
            will.get("qos", 0),
            will.get("retain", False),
            properties=with_properties(PacketTypes.WILLMESSAGE, will.get("properties")),
        )
    listen(client, name, is_5)
    clients[name] = client
    more = {}
    if is_5:
        more["clean_start"] = command.get("clean", True)
        more["properties"] = with_properties(PacketTypes.CONNECT, command.get("properties"))
    client.connect("127.0.0.1", command["port"], command.get("keepAlive", 60), **more)
    client.loop_start()


def subscribe(command):
    client = clients[command["id"]]
    if "options" in command:
        properties = with_properties(PacketTypes.SUBSCRIBE, command.get("properties"))
        client.subscribe(command["filter"], options=SubscribeOptions(**command["options"]), properties=properties)
    else:
        client.subscribe(command["filter"], command.get("qos", 0))


def publish(command):
    client = clients[command["id"]]
    properties = with_properties(PacketTypes.PUBLISH, command.get("properties"))
    for payload in command["payloads"]:
        client.publish(
            command["topic"],
            base64.b64decode(payload["base64"]) if isinstance(payload, dict) else payload,
            command.get("qos", 0),
            command.get("retain", False),
            properties=properties,
        )


def disconnect(command):
    clients[command["id"]].disconnect()


def perform(command):
    do = command["do"]
    if do == "die":
        # Without DISCONNECT, as a crash.
        os._exit(9)
    {
        "connect": connect,
        "subscribe": subscribe,
        "unsubscribe": lambda each: clients[each["id"]].unsubscribe(each["filter"]),
        "publish": publish,
        "disconnect": disconnect,
    }[do](command)


for line in sys.stdin:
    try:
        perform(json.loads(line))
    except Exception as error:  # the test decides what an error means
        say("failed", command=line.strip(), error=repr(error))
