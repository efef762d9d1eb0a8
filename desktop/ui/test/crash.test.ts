import { render, screen } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { flushSync } from "svelte";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { CallError } from "$lib/api/transport";
import { crashOf } from "$lib/logic/crash";
import { toasts } from "$lib/parts/toasts.svelte";
import { language } from "$lib/text/language.svelte";
import { violations } from "./axe";
import Faulty from "./Faulty.svelte";
import { be, standIn } from "./standin";

const SECRET = "Bob wrote at /minutes/secret.js:1:2";
const user = userEvent.setup();
const reload = vi.fn();

/** As an engine makes it: words, then the lines of code. */
function fault(name = "TypeError"): Error {
  const made = new Error(SECRET);
  made.name = name;
  made.stack = `${name}: ${SECRET}\n    at draw (http://localhost/assets/index-Ab_1.js:12:34)\n    at mallory@acme (tauri://localhost/assets/scan.js:5:6)`;
  return made;
}
const begin = (): void => void render(Faulty, { thrown: fault(), reload });
const reject = (reason: unknown): void => {
  const event = new Event("unhandledrejection") as Event & { reason: unknown };
  event.reason = reason;
  window.dispatchEvent(event);
};

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  language.choose("en");
  standIn({});
  be();
  toasts.clear();
  reload.mockClear();
});

describe("a fault of the window", () => {
  it("while drawing gives a screen that says so, with one way on", async () => {
    begin();
    await user.click(screen.getByRole("button", { name: "Quality board" }));
    await screen.findByRole("heading", { name: "The window has stopped" });
    expect(screen.queryByText("Quality board")).toBeNull();
    expect(screen.getByText(/Your messages are safe/)).toBeTruthy();
    expect(await violations()).toEqual([]);
    await user.keyboard("{Enter}");
    expect(reload).toHaveBeenCalledTimes(1);
  });

  it.each([
    ["in what a key or click does", () => window.dispatchEvent(new ErrorEvent("error", { error: fault() }))],
    ["in a promise that nobody waits for", () => reject(fault())],
  ])("%s does too", async (_, make) => {
    begin();
    make();
    await screen.findByRole("heading", { name: "The window has stopped" });
  });

  it("is copied as its kind and its places, and nothing that was written", async () => {
    begin();
    reject(fault());
    await user.click(await screen.findByRole("button", { name: "Copy details" }));
    const copied = await navigator.clipboard.readText();
    expect(copied).toMatch(/^sealwire: TypeError\n/);
    expect(copied).toMatch(/\n0\.0\.0\nindex-Ab_1\.js:12:34\nscan\.js:5:6$/);
    expect(copied).not.toMatch(/bob|secret|mallory|acme/i);
  });

  it("has a name that is no sentence, whoever threw it", () => {
    expect(crashOf(fault("Bob says hello"))).toMatchObject({ name: "Error" });
    expect(crashOf(SECRET)).toEqual({ name: "string", places: [] });
  });
});

describe("what is no fault of the window", () => {
  it("a call that failed is told as such", () => {
    begin();
    reject(new CallError({ code: "rate_limited", message: "too many requests" }));
    expect(toasts.list.map(({ text, code }) => [text, code])).toEqual([["too many requests", "rate_limited"]]);
    flushSync();
    expect(screen.getByText("Quality board")).toBeTruthy();
  });

  it("and not at all to whoever has not unlocked", () => {
    be({ phase: "locked", account: null });
    begin();
    reject(new CallError({ code: "locked", message: "locked" }));
    flushSync();
    expect(screen.getByText("Quality board")).toBeTruthy();
    expect(toasts.list).toEqual([]);
  });

  it("the engine's notices, and what the system refuses, leave the window as it is", () => {
    begin();
    window.dispatchEvent(new ErrorEvent("error", { message: "ResizeObserver loop completed" }));
    reject(new DOMException("no", "AbortError"));
    flushSync();
    expect(screen.getByText("Quality board")).toBeTruthy();
  });
});
