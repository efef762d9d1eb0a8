import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useTransport } from "$lib/api/transport";
import type { Event, Shown, ShownPage } from "$lib/api/types";
import { firstPlace, isLine, lastPlace, MOST_ROWS } from "$lib/state/pages";
import { Timeline } from "$lib/state/timeline.svelte";

const COUNT = 100_000;
const line = (position: number): Shown =>
  ({ id: `m${position}`, conversation: "c", position, sender: "bob@acme", own: false, kind: "text", text: "x", attachments: [], blocks: [] }) as unknown as Shown;

let newest = COUNT;
let tell: (event: Event) => void = () => undefined;
let timeline: Timeline;

/** Pages of a history of lines that are numbered from 1. */
function page(at: number, before: number, after: number): ShownPage {
  const first = Math.max(1, at - before);
  const last = Math.min(newest, at + after - 1);
  const rows = [];
  for (let position = first; position <= last; position += 1) rows.push({ row: "line" as const, together: false, message: line(position) });
  return { rows, anchor: at > newest ? 0 : at, more_before: first > 1, more_after: last < newest };
}

/** The core's answers by method; to all else it has nothing to say. */
function answer(answers: Record<string, (asked: { anchor: { at: string; of: number }; before: number; after: number }) => unknown>): void {
  useTransport({
    call: (async (method: string, params: never) => answers[method]?.(params) ?? []) as never,
    listen: (fn) => {
      tell = fn;
      return () => undefined;
    },
    fileUrl: () => "",
    stage: () => Promise.reject(new Error("no files")),
  });
}

beforeEach(async () => {
  newest = COUNT;
  answer({ timeline: ({ anchor, before, after }) => page(anchor.at === "position" ? anchor.of : newest + 1, before, after) });
  timeline = new Timeline("c");
  await timeline.load({ at: "newest" });
});
afterEach(() => timeline.end());

/** Places follow each other without a gap. */
function expectWhole(): void {
  const places = timeline.rows.filter(isLine).map(({ message }) => message.position);
  expect(places.every((place, at) => at === 0 || place === (places[at - 1] ?? 0) + 1)).toBe(true);
}

describe("a conversation that is opened at its first unread message", () => {
  const READ = COUNT - 60;
  const MENTION = COUNT - 3;
  beforeEach(async () => {
    timeline.end();
    answer({
      conversation: () => ({ id: "c", unread: 60, mentions_unread: 1, read_position: READ }),
      timeline: ({ anchor, before, after }) =>
        page(anchor.at === "position" ? anchor.of : anchor.at === "unread" ? READ + 1 : newest + 1, before, after),
      unread_mentions: () => [{ id: `m${MENTION}`, position: MENTION }],
    });
    timeline = new Timeline("c");
    await timeline.load({ at: "unread" });
    await vi.waitFor(() => expect(timeline.missed.mentions).not.toEqual([]));
  });

  it("counts what is unread, and knows where this person is mentioned", () => {
    expect(timeline.missed.messages).toBe(60);
    expect(timeline.missed.mentions.map(({ id }) => id)).toEqual([`m${MENTION}`]);
  });

  it("counts down as it is read, and up as more comes", async () => {
    timeline.missed.reach(READ + 20, timeline.rows);
    expect(timeline.missed.messages).toBe(40);
    timeline.missed.reach(READ + 10, timeline.rows);
    expect(timeline.missed.messages).toBe(40);
    newest += 1;
    tell({ event: "message", ...line(newest) } as Event);
    expect(timeline.missed.messages).toBe(41);
    await timeline.newer();
    timeline.missed.reach(MENTION, timeline.rows);
    expect(timeline.missed.mentions).toEqual([]);
    await timeline.load({ at: "newest" });
    expect(timeline.missed.messages).toBe(0);
  });
});

describe("a history of 100,000 messages", () => {
  it("holds no more than it may while it is gone through, and nothing is left out", async () => {
    for (let turn = 0; turn < 40; turn += 1) {
      await timeline.older();
      expect(timeline.rows.length).toBeLessThanOrEqual(MOST_ROWS + 80);
      expectWhole();
    }
    expect(lastPlace(timeline.rows)).toBeLessThan(COUNT);
    expect(timeline.more_after).toBe(true);
    for (let turn = 0; turn < 60 && timeline.more_after; turn += 1) {
      await timeline.newer();
      expect(timeline.rows.length).toBeLessThanOrEqual(MOST_ROWS + 80);
      expectWhole();
    }
    expect(lastPlace(timeline.rows)).toBe(COUNT);
  });

  it("what comes while the end is far is counted, and not put after a gap", async () => {
    await timeline.load({ at: "position", of: 500 });
    newest += 1;
    tell({ event: "message", ...line(newest), mentions_me: true } as Event);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(timeline.missed.messages).toBe(1);
    expect(timeline.missed.mentions.map(({ id }) => id)).toEqual([`m${newest}`]);
    expect(lastPlace(timeline.rows)).toBe(549);
  });

  it("what comes at the end stands there", async () => {
    newest += 2;
    tell({ event: "message", ...line(newest - 1) } as Event);
    tell({ event: "message", ...line(newest) } as Event);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(lastPlace(timeline.rows)).toBe(newest);
    expectWhole();
    expect(firstPlace(timeline.rows)).toBe(COUNT - 49);
  });

  it("what comes above a message of one's own that was sent meanwhile stands above it", async () => {
    const own = { ...line(COUNT + 2), sender: "alice@acme", own: true };
    timeline.rows = [...timeline.rows, { row: "line", together: false, message: { ...own, position: 0 } }];
    newest += 2;
    tell({ event: "changed", ...own } as Event);
    await vi.waitFor(() => expect(lastPlace(timeline.rows)).toBe(COUNT + 2));
    tell({ event: "message", ...line(COUNT + 1) } as Event);
    await vi.waitFor(() => expect(timeline.index(`m${COUNT + 1}`)).toBeGreaterThan(0));
    expectWhole();
  });
});
