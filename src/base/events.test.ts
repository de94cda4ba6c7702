import { describe, expect, test } from "vitest";
import { Events } from "./events.ts";

interface Weather {
  rain: number;
  sun: { readonly degrees: number };
}

function setUp() {
  const errors: string[] = [];
  const events = new Events<Weather>((event, error) => errors.push(`${event}: ${String(error)}`));
  return { events, errors };
}

describe("events", () => {
  test("go to their listeners in the order of adding", () => {
    const { events } = setUp();
    const heard: string[] = [];
    events.on("rain", (mm) => heard.push(`a${mm}`));
    events.on("rain", (mm) => heard.push(`b${mm}`));
    events.on("sun", ({ degrees }) => heard.push(`s${degrees}`));
    events.emit("rain", 3);
    events.emit("sun", { degrees: 30 });
    expect(heard).toEqual(["a3", "b3", "s30"]);
  });

  test("a listener that throws is reported and hurts nobody else", () => {
    const { events, errors } = setUp();
    const heard: number[] = [];
    events.on("rain", () => {
      throw new TypeError("wet");
    });
    events.on("rain", (mm) => heard.push(mm));
    events.emit("rain", 1);
    events.emit("rain", 2);
    expect(heard).toEqual([1, 2]);
    expect(errors).toEqual(["rain: TypeError: wet", "rain: TypeError: wet"]);
  });

  test("the same function added twice is two listeners, and each is removed by itself", () => {
    const { events } = setUp();
    let heard = 0;
    const listener = (): void => void heard++;
    const removeFirst = events.on("rain", listener);
    const removeSecond = events.on("rain", listener);
    events.emit("rain", 1);
    expect(heard).toBe(2);
    removeFirst();
    removeFirst();
    events.emit("rain", 1);
    expect(heard).toBe(3);
    expect(events.has("rain")).toBe(true);
    removeSecond();
    expect(events.has("rain")).toBe(false);
    events.emit("rain", 1);
    expect(heard).toBe(3);
  });

  test("adding and removing while an event goes out counts from the next one on", () => {
    const { events } = setUp();
    const heard: string[] = [];
    const removeFirst = events.on("rain", () => {
      heard.push("first");
      removeFirst();
      events.on("rain", () => heard.push("late"));
    });
    events.on("rain", () => heard.push("second"));
    events.emit("rain", 1);
    expect(heard.splice(0)).toEqual(["first", "second"]);
    events.emit("rain", 1);
    expect(heard).toEqual(["second", "late"]);
  });

  test("without a listener nothing happens", () => {
    const { events } = setUp();
    expect(events.has("sun")).toBe(false);
    events.emit("sun", { degrees: 1 });
  });
});
