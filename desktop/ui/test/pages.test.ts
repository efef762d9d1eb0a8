import { describe, expect, it } from "vitest";
import type { Shown, ShownPage, ShownRow } from "$lib/api/types";
import { firstPlace, keyOf, lastPlace, patch, prepend, replaceTail, without } from "$lib/state/pages";

const line = (position: number, id = `m${position}`, together = false): ShownRow =>
  ({ row: "line", together, message: { id, position } as Shown });
const day = (number: number): ShownRow => ({ row: "day", day: number });
const unread: ShownRow = { row: "unread" };
const page = (...rows: ShownRow[]): ShownPage => ({ rows, anchor: 0, more_before: false, more_after: false });
const shape = (rows: readonly ShownRow[]): string => rows.map(keyOf).join(" ");

describe("pages of a history", () => {
  it("older rows come before, each once", () => {
    expect(shape(prepend([day(2), line(3)], page(day(1), line(1), line(2), line(3))))).toBe("day 1 m1 m2 m3 day 2");
  });

  it("what is new takes the place of what was on its way", () => {
    const held = [line(1), line(0, "a"), line(0, "b")];
    expect(shape(replaceTail(held, 1, page(line(2, "a"), line(3), line(0, "b"))))).toBe("m1 a m3 b");
  });

  it("the line above new messages stays until there is another", () => {
    const held = [line(1), unread, line(2)];
    expect(shape(replaceTail(held, 2, page(line(3))))).toBe("m1 unread m2 m3");
    expect(shape(replaceTail(held, 2, page(unread, line(3))))).toBe("m1 m2 unread m3");
  });

  it("a line that changed is drawn as the page has it", () => {
    const rows = patch([line(1), line(2, "m2", true)], page(line(2, "m2", false)));
    expect(rows[1]).toMatchObject({ together: false });
  });

  it("a day goes with its last message", () => {
    expect(shape(without([day(1), line(1), day(2), line(2)], "m2"))).toBe("day 1 m1");
  });

  it("places are those of what has arrived", () => {
    const rows = [day(1), line(4), line(5), line(0, "x")];
    expect([firstPlace(rows), lastPlace(rows)]).toEqual([4, 5]);
    expect([firstPlace([]), lastPlace([line(0)])]).toEqual([null, null]);
  });
});
