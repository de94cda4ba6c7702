"""One login of paho over TLS: port, authority, version, user name, password. Prints the code of CONNACK as a number."""

import sys
import threading

import paho.mqtt.client as mqtt

port, authority, version, user_name, password = sys.argv[1:]
done = threading.Event()


def on_connect(_client, _data, _flags, code, *_properties):
    print(code if isinstance(code, int) else code.value, flush=True)
    done.set()


client = mqtt.Client(client_id="paho", protocol=int(version))
client.on_connect = on_connect
client.tls_set(ca_certs=authority)
client.username_pw_set(user_name, password)
client.connect("127.0.0.1", int(port))
client.loop_start()
if not done.wait(10):
    sys.exit("no CONNACK")
client.disconnect()
