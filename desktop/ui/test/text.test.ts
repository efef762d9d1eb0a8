import { beforeEach, describe, expect, it } from "vitest";
import type { ReceiptInfo, Shown } from "$lib/api/types";
import { colour } from "$lib/parts/blurhash";
import { pressed, table } from "$lib/state/keys";
import { completed, triggerAt, wrapped } from "$lib/text/complete";
import { findEmoji, type Emoji } from "$lib/text/emoji";
import { day, milliseconds, size, span } from "$lib/text/format";
import { infoText } from "$lib/text/info";
import { language } from "$lib/text/language.svelte";
import { speech, type Around } from "$lib/text/speech";
import { statusOf } from "$lib/text/status";

const message = (fields: Partial<Shown>): Shown =>
  ({
    id: "1", conversation: "c", position: 5, sender: "bob@acme", own: false, kind: "text", text: "hello", at_ms: 0,
    delivery: "received", blocks: [], large: false, attachments: [], ...fields,
  }) as Shown;
const name = (handle: string): string => handle.split("@")[0] ?? handle;
const around = (fields: Partial<Around> = {}): Around => ({ timeline: { receipts: [] }, others: 1, kind: () => "person", ...fields });
const receipt = (person: string, delivered: number, read: number): ReceiptInfo => ({ person, delivered, read });

beforeEach(() => language.choose("en"));

describe("what is being written", () => {
  it.each([
    ["@al", 3, "person", "al"], ["hi @b", 5, "person", "b"], ["(@", 2, "person", ""], [":smi", 4, "emoji", "smi"],
    ["/mu", 3, "command", "mu"], ["@张", 2, "person", "张"],
  ])("%s asks for completion", (text, caret, kind, typed) => {
    expect(triggerAt(text, caret)).toMatchObject({ kind, text: typed });
  });

  it.each([["mail@b", 6], ["10:30", 5], [":s", 2], ["a /mu", 5], ["@al ", 4], ["http://x", 8]])("%s does not", (text, caret) => {
    expect(triggerAt(text, caret)).toBeNull();
  });

  it("a choice stands where its sign stood", () => {
    const trigger = triggerAt("hi @b there", 5)!;
    expect(completed("hi @b there", trigger, "@bob")).toEqual({ text: "hi @bob there", caret: 7 });
    expect(completed("@b", triggerAt("@b", 2)!, "@bob")).toEqual({ text: "@bob ", caret: 5 });
  });

  it("marks are put around and taken away again", () => {
    const bold = wrapped("a b c", 2, 3, "**");
    expect(bold).toEqual({ text: "a **b** c", from: 4, to: 5 });
    expect(wrapped(bold.text, bold.from, bold.to, "**")).toEqual({ text: "a b c", from: 2, to: 3 });
  });

  it("emoji are found by the beginning of a word first", () => {
    const all: Emoji[] = [
      { emoji: "🫢", label: "x", group: 0, words: ["surprised_smile"] },
      { emoji: "😄", label: "x", group: 0, words: ["smile"] },
    ];
    expect(findEmoji(all, "smi", 9).map(({ emoji }) => emoji)).toEqual(["😄", "🫢"]);
    expect(findEmoji(all, "zzz", 9)).toEqual([]);
  });
});

describe("how far a message has come", () => {
  const own = message({ own: true, delivery: "sent" });
  it("it was read when all have read it", () => {
    expect(statusOf(own, [receipt("b", 5, 5), receipt("c", 5, 4)], 2)).toBe("delivered");
    expect(statusOf(own, [receipt("b", 5, 5), receipt("c", 6, 5)], 2)).toBe("read");
    expect(statusOf(own, [receipt("b", 4, 4)], 1)).toBe("sent");
  });
  it("somebody of whom nothing was heard has not read it", () => {
    expect(statusOf(own, [receipt("b", 5, 5)], 2)).toBe("sent");
    expect(statusOf(own, [], 0)).toBe("sent");
  });
  it("it waits, is on its way, or has failed", () => {
    expect(statusOf(message({ delivery: "pending", held_until_ms: Date.now() + 9_999 }), [], 1)).toBe("held");
    expect(statusOf(message({ delivery: "pending" }), [], 1)).toBe("sending");
    expect(statusOf(message({ delivery: "failed" }), [receipt("b", 9, 9)], 1)).toBe("failed");
  });
});

describe("words", () => {
  it("one sentence tells all of a message", () => {
    const said = speech(
      message({
        own: true, delivery: "sent", edited_at_ms: 1, reply_to: { id: null, sender: "carol@acme", text: "when?" },
        reactions: [{ emoji: "👍", people: ["bob@acme", "carol@acme"], own: false }],
      }),
      name,
      around({ timeline: { receipts: [receipt("bob@acme", 9, 9)] } }),
    );
    expect(said).toMatch(/^You, .+, replying to carol: when\?, hello, 👍 by bob and carol, edited, read$/);
  });

  it("how far a message has come is said as it is drawn: one reader of two is not all", () => {
    const own = message({ own: true, delivery: "sent" });
    const receipts = [receipt("bob@acme", 9, 9)];
    expect(speech(own, name, around({ timeline: { receipts }, others: 2 }))).toMatch(/, sent$/);
    expect(speech(own, name, around({ timeline: { receipts }, others: 1 }))).toMatch(/, read$/);
  });

  it("who writes for a program or for records is said with their name", () => {
    const kind = (handle: string): string => (handle === "bob@acme" ? "agent" : "custodian");
    expect(speech(message({}), name, around({ kind }))).toMatch(/^bob, Agent, /);
    expect(speech(message({ sender: "carol@acme" }), name, around({ kind }))).toMatch(/^carol, Records, /);
    expect(speech(message({}), name, around())).not.toContain("Agent");
  });

  it("what was deleted or folded is not read out", () => {
    expect(speech(message({ deleted: { by: "bob@acme", at_ms: 1 }, text: "secret" }), name, around())).not.toContain("secret");
    expect(speech(message({ folded: true, text: "secret" }), name, around())).not.toContain("secret");
  });

  it("what happened is told in the person's language", () => {
    const info = { info: "added", by: "bob@acme", people: ["carol@acme", "dora@acme"] } as const;
    const said = (tag: string): string => {
      language.choose(tag);
      return infoText({ ...info, people: [...info.people] }, name);
    };
    expect(said("en")).toBe("bob added carol and dora");
    expect(said("de")).toBe("bob hat carol und dora hinzugefügt");
    expect(said("zh-CN")).toBe("bob 添加了 carol和dora");
    expect(said("en-XA")).toMatch(/^\[bob åddëd|^\[bob/);
    expect(said("ar-XB")).toContain("\u202e");
    expect(language.direction).toBe("rtl");
  });

  it("another key and an agent are told as what they are", () => {
    expect(infoText({ info: "key_changed", person: "bob@acme" }, name)).toBe("The key of bob has changed");
    const added = infoText({ info: "agent_added", by: "alice@acme", people: ["helper@acme"] }, name);
    expect(added).toContain("the agent helper");
  });

  it("sizes, spans and days that cannot be are shown all the same", () => {
    expect(size(1_234_567)).toBe("1.2 MB");
    expect(size(0)).toBe("0 bytes");
    expect(span(86_400)).toBe("1 day");
    expect(milliseconds(1_000)).toBe("1,000 ms");
    expect(day(Number.MAX_SAFE_INTEGER)).not.toBe("");
    expect(speech(message({ at_ms: Number.MAX_SAFE_INTEGER }), name, around())).toContain("hello");
  });

  it("a blurhash gives its mean colour or none", () => {
    expect(colour("LEHV6nWB2yk8pyo0adR*.7kCMdnj")).toMatch(/^#[0-9a-f]{6}$/);
    expect(colour("ab\u0000c<>")).toBeUndefined();
    expect(colour("")).toBeUndefined();
  });
});

describe("keys", () => {
  const key = (key: string, more: KeyboardEventInit = {}): KeyboardEvent => new KeyboardEvent("keydown", { key, ...more });
  it("are pressed as they are spelled", () => {
    expect(pressed(key("k", { ctrlKey: true }), "Control+K")).toBe(true);
    expect(pressed(key("k", { ctrlKey: true, shiftKey: true }), "Control+K")).toBe(false);
    expect(pressed(key("+", { shiftKey: true }), "+")).toBe(true);
    expect(pressed(key("/", { ctrlKey: true, shiftKey: true }), "Control+/")).toBe(true);
    expect(pressed(key("ArrowUp", { altKey: true }), "Alt+ArrowUp")).toBe(true);
  });
  it("no two mean the same at the same place", () => {
    for (const group of ["go+conversation", "message", "write"]) {
      const all = Object.values(table).filter((one) => group.includes(one.group)).flatMap((one) => [...one.keys]);
      expect(new Set(all).size).toBe(all.length);
    }
  });
});
