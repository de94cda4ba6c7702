/**
 * A whole broker against a small model of its sessions, step by step: what every client gets, byte order included, what is
 * lost and why, what is held, and what the counters say. The model is what the standard and the reference promise, written
 * as plainly as possible; it knows nothing of slabs, rings, routes and slots.
 *
 * `MARTLET_PROPERTY_RUNS=100000` makes a longer run of it; a failure prints the seed and path that repeat it.
 */

import fc from "fast-check";
import { expect, test } from "vitest";
import { type ProtocolVersion, ReasonCode, SESSION_NEVER_EXPIRES, topicMatches } from "#protocol";
import { Bench, type BenchClient, hex, show } from "../support/broker-bench.ts";
import { NOTHING_LEFT } from "../support/nothing-left.ts";

type Qos = 0 | 1 | 2;

const RUNS = Number(process.env["MARTLET_PROPERTY_RUNS"] ?? 2_500);
const CLIENTS = ["ann", "bob", "cyd"] as const;
const TOPICS = ["a", "a/b", "b"] as const;
const FILTERS = ["a", "a/b", "a/#", "#", "+", "b"] as const;
const QUEUE_LIMIT = 3;
const MAXIMUM_IN_FLIGHT = 4;
const BROKER_RECEIVE_MAXIMUM = 3;

// ---- the model

interface Message {
  readonly text: string;
  readonly qos: Qos;
  readonly expiresAt: number;
}

interface InFlight {
  readonly message: Message;
  /** Learnt from the first PUBLISH. */
  packetId: number;
  awaits: "PUBACK" | "PUBREC" | "PUBCOMP";
  /** It has been sent, or sent again, on this connection. */
  isSent: boolean;
  /** It takes part of this connection's quota. */
  isCounted: boolean;
}

/** A connection that is there, with what has to come on it next. */
interface Link {
  readonly client: BenchClient;
  readonly version: ProtocolVersion;
  readonly quota: number;
  expected: ExpectedPacket[];
  /** Packets that have been compared. */
  seen: number;
  /** QoS 2 messages of this connection that are not released. */
  outstanding: Set<number>;
}

type ExpectedPacket = string | { readonly publish: InFlight | Message; readonly dup: boolean };

class ModelSession {
  readonly subscriptions = new Map<string, Qos>();
  /** In the order in which they are sent again. */
  inFlight: InFlight[] = [];
  queue: Message[] = [];
  expiry = 0;
  endsAt = Number.POSITIVE_INFINITY;
  link: Link | undefined;
  /** QoS 2 identifiers that the client has sent and not released, with what they stood for. */
  readonly unreleased = new Map<number, { readonly topic: string; readonly text: string }>();
}

class Model {
  readonly sessions = new Map<string, ModelSession>();
  readonly bench = new Bench({
    settings: {
      maximumQueuedMessages: QUEUE_LIMIT,
      maximumInFlight: MAXIMUM_IN_FLIGHT,
      receiveMaximum: BROKER_RECEIVE_MAXIMUM,
    },
  });
  now = 0;
  outcomes: string[] = [];
  #published = 0;
  /** Deliveries that became due, and those that ended well. */
  due = 0;
  done = 0;
  lost = 0;

  session(index: number): ModelSession | undefined {
    return this.sessions.get(CLIENTS[index] as string);
  }

  // ---- what clients do

  connect(
    index: number,
    options: { version: 4 | 5; cleanStart: boolean; expiry: number; quota: number },
  ): void {
    const clientId = CLIENTS[index] as string;
    const { version, cleanStart, expiry, quota } = options;
    const effective = version === 5 ? expiry : cleanStart ? 0 : SESSION_NEVER_EXPIRES;
    const client = this.bench.connect(clientId, {
      version,
      cleanStart,
      expiry,
      properties: { receiveMaximum: quota },
    });
    const old = this.sessions.get(clientId);
    if (old?.link !== undefined) {
      if (old.link.version === 5) old.link.expected.push(`DISCONNECT ${hex(ReasonCode.SESSION_TAKEN_OVER)}`);
      this.check(clientId, old.link);
      expect(old.link.client.closed).toBe(true);
      this.loseLink(clientId, old);
    }
    if (cleanStart) this.end(clientId);
    let session = this.sessions.get(clientId);
    const isPresent = session !== undefined;
    session ??= new ModelSession();
    this.sessions.set(clientId, session);
    session.expiry = effective;
    session.endsAt = Number.POSITIVE_INFINITY;
    session.link = {
      client,
      version,
      quota: Math.min(version === 5 ? quota : 65_535, MAXIMUM_IN_FLIGHT),
      expected: [isPresent ? "CONNACK 00 present" : "CONNACK 00"],
      seen: 0,
      outstanding: new Set(),
    };
    for (const each of session.inFlight) {
      each.isSent = false;
      each.isCounted = false;
    }
    this.pump(clientId, session, session.link);
  }

  /** The connection of `session` is over. */
  loseLink(clientId: string, session: ModelSession): void {
    session.link = undefined;
    const kept: Message[] = [];
    for (const message of session.queue) {
      if (message.qos === 0) this.lose("receiver-offline", clientId);
      else kept.push(message);
    }
    session.queue = kept;
    if (session.expiry === 0) this.end(clientId);
    else if (session.expiry !== SESSION_NEVER_EXPIRES) session.endsAt = this.now + session.expiry;
  }

  /** The session `clientId` is over, if there is one. */
  end(clientId: string): void {
    const session = this.sessions.get(clientId);
    if (session === undefined) return;
    this.sessions.delete(clientId);
    for (const { awaits } of session.inFlight) {
      if (awaits === "PUBCOMP") continue; // the client has it
      this.lose("session-ended", clientId);
    }
    for (const _ of session.queue) this.lose("session-ended", clientId);
  }

  publish(index: number, topic: string, qos: Qos, expirySeconds: number | undefined): void {
    const publisher = this.session(index);
    const link = publisher?.link;
    if (publisher === undefined || link === undefined) return;
    const text = `${this.#published++}`;
    const isLimited = link.version === 5;
    const isTooMuch = qos > 0 && isLimited && link.outstanding.size >= BROKER_RECEIVE_MAXIMUM;
    if (isTooMuch) return; // the client keeps to what it was told
    let packetId = 0;
    if (qos > 0) {
      packetId = 1;
      while (publisher.unreleased.has(packetId)) packetId++;
    }
    const properties =
      isLimited && expirySeconds !== undefined ? { messageExpiryInterval: expirySeconds } : {};
    link.client.pub(topic, text, { qos, packetId, properties });
    const expiresAt =
      Object.keys(properties).length === 0 ? Number.POSITIVE_INFINITY : this.now + (expirySeconds ?? 0);
    const matched = this.route(topic, { text, qos, expiresAt });
    if (qos === 0) return;
    if (qos === 2) {
      publisher.unreleased.set(packetId, { topic, text });
      link.outstanding.add(packetId);
    }
    const code = link.version === 5 && matched === 0 ? ReasonCode.NO_MATCHING_SUBSCRIBERS : 0;
    link.expected.push(`${qos === 1 ? "PUBACK" : "PUBREC"} id${packetId} ${hex(code)}`);
  }

  /** Sends a QoS 2 PUBLISH again that was not released, perhaps after a lost connection: nobody gets it twice. */
  repeat(index: number): void {
    const session = this.session(index);
    const link = session?.link;
    if (session === undefined || link === undefined) return;
    for (const [packetId, { topic, text }] of session.unreleased) {
      if (
        link.version === 5 &&
        !link.outstanding.has(packetId) &&
        link.outstanding.size >= BROKER_RECEIVE_MAXIMUM
      )
        continue;
      link.outstanding.add(packetId);
      link.client.pub(topic, text, { qos: 2, packetId, dup: true });
      link.expected.push(`PUBREC id${packetId} 00`);
      return;
    }
  }

  /** PUBREL for the oldest, or for an identifier that nobody knows. */
  release(index: number): void {
    const session = this.session(index);
    const link = session?.link;
    if (session === undefined || link === undefined) return;
    const known = session.unreleased.keys().next().value;
    const packetId = known ?? 999;
    link.client.ack(6, packetId);
    session.unreleased.delete(packetId);
    link.outstanding.delete(packetId);
    const code = known === undefined && link.version === 5 ? ReasonCode.PACKET_IDENTIFIER_NOT_FOUND : 0;
    link.expected.push(`PUBCOMP id${packetId} ${hex(code)}`);
  }

  subscribe(index: number, filter: string, qos: Qos): void {
    const session = this.session(index);
    if (session?.link === undefined) return;
    session.link.client.sub(filter, { qos });
    session.subscriptions.set(filter, qos);
    session.link.expected.push("SUBACK");
  }

  unsubscribe(index: number, filter: string): void {
    const session = this.session(index);
    if (session?.link === undefined) return;
    session.link.client.unsub(filter);
    session.subscriptions.delete(filter);
    session.link.expected.push("UNSUBACK");
  }

  /** The client takes the next step with one of the messages that it has got. */
  acknowledge(index: number, which: number, refuses: boolean): void {
    const clientId = CLIENTS[index] as string;
    const session = this.sessions.get(clientId);
    const link = session?.link;
    if (session === undefined || link === undefined) return;
    const open = session.inFlight.filter(({ isSent }) => isSent);
    const each = open[which % Math.max(1, open.length)];
    if (each === undefined) return;
    const isRefused = refuses && link.version === 5 && each.awaits !== "PUBCOMP";
    const code = isRefused ? ReasonCode.IMPLEMENTATION_SPECIFIC_ERROR : 0;
    link.client.ack(each.awaits === "PUBACK" ? 4 : each.awaits === "PUBREC" ? 5 : 7, each.packetId, code);
    if (each.awaits === "PUBREC" && !isRefused) {
      each.awaits = "PUBCOMP";
      this.done++;
      // PUBRELs are owed in the order of the PUBRECs, behind what was sent before.
      session.inFlight = [...session.inFlight.filter((other) => other !== each), each];
      link.expected.push(`PUBREL id${each.packetId} 00`);
      return;
    }
    if (isRefused) this.lose("receiver-refused", clientId);
    else if (each.awaits === "PUBACK") this.done++;
    session.inFlight = session.inFlight.filter((other) => other !== each);
    this.pump(clientId, session, link);
  }

  leave(index: number, way: "cut" | "disconnect", expiry: number | undefined): void {
    const clientId = CLIENTS[index] as string;
    const session = this.sessions.get(clientId);
    const link = session?.link;
    if (session === undefined || link === undefined) return;
    if (way === "cut") link.client.cut();
    else {
      const changes = link.version === 5 && expiry !== undefined && session.expiry > 0;
      link.client.disconnect(0, changes ? { sessionExpiryInterval: expiry } : {});
      if (changes) session.expiry = expiry;
    }
    this.check(clientId, link);
    this.loseLink(clientId, session);
  }

  pass(seconds: number): void {
    this.bench.pass(seconds);
    this.now += seconds;
    for (const [clientId, { endsAt }] of this.sessions) if (endsAt <= this.now) this.end(clientId);
  }

  // ---- what the broker does

  route(topic: string, message: Message): number {
    let matched = 0;
    for (const [clientId, session] of this.sessions) {
      const granted = [...session.subscriptions].filter(([filter]) => topicMatches(filter, topic));
      if (granted.length === 0) continue;
      matched++;
      const qos = Math.min(message.qos, Math.max(...granted.map(([, each]) => each))) as Qos;
      this.due++;
      this.deliver(clientId, session, { ...message, qos });
    }
    if (matched === 0) this.outcomes.push("no-subscriber");
    return matched;
  }

  deliver(clientId: string, session: ModelSession, message: Message): void {
    const { link } = session;
    if (link === undefined) {
      if (message.qos === 0) this.lose("receiver-offline", clientId);
      else this.enqueue(clientId, session, message);
    } else if (session.queue.length > 0 || session.inFlight.some(({ isSent }) => !isSent)) {
      this.enqueue(clientId, session, message);
    } else if (message.qos === 0) this.sendQos0(link, message);
    else if (this.hasRoom(session, link)) this.send(session, link, message);
    else this.enqueue(clientId, session, message);
  }

  enqueue(clientId: string, session: ModelSession, message: Message): void {
    if (session.queue.length >= QUEUE_LIMIT) {
      this.lose("queue-full", clientId);
      const oldest = session.queue.findIndex(({ qos }) => qos === 0);
      if (oldest < 0) return;
      session.queue.splice(oldest, 1);
    }
    session.queue.push(message);
  }

  pump(clientId: string, session: ModelSession, link: Link): void {
    for (const each of session.inFlight) {
      if (each.isSent) continue;
      if (each.awaits === "PUBCOMP") link.expected.push(`PUBREL id${each.packetId} 00`);
      else {
        if (!this.hasRoom(session, link)) return;
        each.isCounted = true;
        link.expected.push({ publish: each, dup: true });
      }
      each.isSent = true;
    }
    for (let next = session.queue[0]; next !== undefined; next = session.queue[0]) {
      if (next.qos > 0 && !this.hasRoom(session, link)) return;
      session.queue.shift();
      if (next.expiresAt <= this.now) this.lose("message-expired", clientId);
      else if (next.qos === 0) this.sendQos0(link, next);
      else this.send(session, link, next);
    }
  }

  hasRoom(session: ModelSession, link: Link): boolean {
    return session.inFlight.filter(({ isCounted }) => isCounted).length < link.quota;
  }

  send(session: ModelSession, link: Link, message: Message): void {
    const each: InFlight = {
      message,
      packetId: 0,
      awaits: message.qos === 1 ? "PUBACK" : "PUBREC",
      isSent: true,
      isCounted: true,
    };
    session.inFlight.push(each);
    link.expected.push({ publish: each, dup: false });
  }

  sendQos0(link: Link, message: Message): void {
    this.done++;
    link.expected.push({ publish: message, dup: false });
  }

  lose(kind: string, clientId: string): void {
    this.lost++;
    this.outcomes.push(`${kind} ${clientId}`);
  }

  // ---- the comparison

  /** What came on `link` is what had to come; packet identifiers are learnt here. */
  check(clientId: string, link: Link): void {
    const came = link.client.packets.slice(link.seen);
    link.seen = link.client.packets.length;
    const got = came.map((packet, at) => {
      if (packet.type === 9 || packet.type === 11) return packet.type === 9 ? "SUBACK" : "UNSUBACK";
      const wanted = link.expected[at];
      if (packet.type === 3 && typeof wanted === "object" && "packetId" in wanted.publish) {
        const others = this.sessions.get(clientId)?.inFlight ?? [];
        if (wanted.publish.packetId === 0) {
          const isTaken = others.some((each) => each !== wanted.publish && each.packetId === packet.packetId);
          expect(isTaken, `packet identifier ${packet.packetId} is in flight already`).toBe(false);
          wanted.publish.packetId = packet.packetId;
        }
      }
      // The topic is not part of the comparison: the text is unique.
      return packet.type === 3 ? show({ ...packet, topicName: "t", properties: {} }) : show(packet);
    });
    expect(got, clientId).toEqual(link.expected.map(describeExpected));
    link.expected = [];
  }

  checkAll(): void {
    for (const [clientId, { link }] of this.sessions) if (link !== undefined) this.check(clientId, link);
    expect(this.bench.outcomes().sort()).toEqual(this.outcomes.splice(0).sort());

    const { sizes } = this.bench.broker;
    const sessions = [...this.sessions];
    const linked = sessions.filter(([, { link }]) => link !== undefined);
    expect(sizes).toMatchObject({
      connections: linked.length,
      clients: linked.length,
      sessions: sessions.length,
      subscriptions: sessions.reduce((sum, [, { subscriptions }]) => sum + subscriptions.size, 0),
    });
    const summaries = new Map([...this.bench.broker.clients()].map((each) => [each.clientId, each]));
    expect(summaries.size).toBe(sessions.length);
    let held = 0;
    for (const [clientId, session] of sessions) {
      expect(summaries.get(clientId)).toMatchObject({
        connected: session.link !== undefined,
        subscriptions: [...session.subscriptions.keys()],
        queuedMessages: session.queue.length,
        inFlight: session.inFlight.length,
      });
      held += session.queue.length + session.inFlight.filter(({ awaits }) => awaits !== "PUBCOMP").length;
    }
    // Delivered, held, or one outcome: nothing else can become of a message.
    expect(this.done + this.lost + held).toBe(this.due);
    // Nothing but losses for want of room, which are outcomes like others.
    expect(
      this.bench.log.filter((line) => !/ being dropped for client | are not stored: /.test(line)),
    ).toEqual([]);
  }
}

function describeExpected(wanted: ExpectedPacket): string {
  if (typeof wanted === "string") return wanted;
  const { publish, dup } = wanted;
  const { text, qos } = "message" in publish ? publish.message : publish;
  const id = "packetId" in publish ? ` id${publish.packetId}` : "";
  return `PUBLISH t ${text} q${qos}${id}${dup ? " dup" : ""}`;
}

// ---- the commands

type Step = (model: Model) => void;

/** A step that prints as what it does. */
function step(name: string, run: Step): Step {
  return Object.assign((model: Model) => run(model), { toString: () => name });
}

const client = fc.nat(CLIENTS.length - 1);
const qos = fc.constantFrom<Qos>(0, 1, 2);

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        client,
        fc.record({
          version: fc.constantFrom<4 | 5>(4, 5, 5),
          cleanStart: fc.oneof(
            { weight: 3, arbitrary: fc.constant(false) },
            { weight: 1, arbitrary: fc.constant(true) },
          ),
          expiry: fc.constantFrom(100, SESSION_NEVER_EXPIRES, 3, 0),
          quota: fc.constantFrom(1, 2, 10),
        }),
      )
      .map(([index, options]) =>
        step(`connect ${CLIENTS[index]} ${JSON.stringify(options)}`, (model) =>
          model.connect(index, options),
        ),
      ),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(client, fc.constantFrom(...FILTERS), qos)
      .map(([index, filter, each]) =>
        step(`subscribe ${CLIENTS[index]} ${filter} q${each}`, (model) =>
          model.subscribe(index, filter, each),
        ),
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(client, fc.constantFrom(...FILTERS))
      .map(([index, filter]) =>
        step(`unsubscribe ${CLIENTS[index]} ${filter}`, (model) => model.unsubscribe(index, filter)),
      ),
  },
  {
    weight: 12,
    arbitrary: fc
      .tuple(client, fc.constantFrom(...TOPICS), qos, fc.constantFrom(undefined, undefined, undefined, 2))
      .map(([index, topic, each, expiry]) =>
        step(`publish ${CLIENTS[index]} ${topic} q${each} expiry ${expiry}`, (model) =>
          model.publish(index, topic, each, expiry),
        ),
      ),
  },
  {
    weight: 8,
    arbitrary: fc
      .tuple(client, fc.nat(5), fc.constantFrom(false, false, false, true))
      .map(([index, which, refuses]) =>
        step(`acknowledge ${CLIENTS[index]} #${which}${refuses ? " refusing" : ""}`, (model) =>
          model.acknowledge(index, which, refuses),
        ),
      ),
  },
  {
    weight: 2,
    arbitrary: client.map((index) => step(`release ${CLIENTS[index]}`, (model) => model.release(index))),
  },
  {
    weight: 2,
    arbitrary: client.map((index) => step(`repeat ${CLIENTS[index]}`, (model) => model.repeat(index))),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        client,
        fc.constantFrom<"cut" | "disconnect">("cut", "disconnect"),
        fc.constantFrom(undefined, 0, 5),
      )
      .map(([index, way, expiry]) =>
        step(`${way} ${CLIENTS[index]} ${expiry ?? ""}`, (model) => model.leave(index, way, expiry)),
      ),
  },
  { weight: 2, arbitrary: fc.constantFrom(1, 2, 4).map((s) => step(`pass ${s}`, (model) => model.pass(s))) },
);

test(`a broker is its model over ${RUNS} lives`, { timeout: Math.max(60_000, RUNS * 40) }, () => {
  fc.assert(
    fc.property(fc.array(anyStep, { minLength: 1, maxLength: 80, size: "max" }), (steps) => {
      const model = new Model();
      for (const each of steps) {
        each(model);
        model.checkAll();
      }
      // In the end everybody goes, and nothing may be left.
      for (const index of CLIENTS.keys()) model.leave(index, "disconnect", 0);
      for (const clientId of CLIENTS) if (model.sessions.has(clientId)) endByReturning(model, clientId);
      model.checkAll();
      expect(model.bench.broker.sizes).toEqual(NOTHING_LEFT);
      expect(model.done + model.lost).toBe(model.due);
    }),
    { numRuns: RUNS },
  );
});

function endByReturning(model: Model, clientId: string): void {
  const index = CLIENTS.findIndex((each) => each === clientId);
  model.connect(index, { version: 5, cleanStart: true, expiry: 0, quota: 10 });
  model.leave(index, "disconnect", undefined);
}
