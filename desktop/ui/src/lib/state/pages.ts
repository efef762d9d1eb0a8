// Rows of a conversation that are held, and how pages are put to them. No calls, no drawing.
import type { Shown, ShownPage, ShownRow } from "$lib/api/types";

export type Line = Extract<ShownRow, { row: "line" }>;

export const isLine = (row: ShownRow): row is Line => row.row === "line";

/** Most rows that are held: what is farther away is dropped, and loaded again when it is near. */
export const MOST_ROWS = 600;

/** Differs for every row: `distinct` sees to it. */
export const keyOf = (row: ShownRow): string =>
  isLine(row) ? row.message.id : row.row === "day" ? `day ${row.day}` : "unread";

export function firstPlace(rows: readonly ShownRow[]): number | null {
  for (const row of rows) if (isLine(row) && row.message.position > 0) return row.message.position;
  return null;
}

export function lastPlace(rows: readonly ShownRow[]): number | null {
  for (let at = rows.length - 1; at >= 0; at -= 1) {
    const row = rows[at];
    if (row && isLine(row) && row.message.position > 0) return row.message.position;
  }
  return null;
}

export function indexOf(rows: readonly ShownRow[], message: string): number {
  return rows.findIndex((row) => isLine(row) && row.message.id === message);
}

/** Older rows before those that are held. */
export function prepend(rows: readonly ShownRow[], page: ShownPage): ShownRow[] {
  return distinct([...page.rows, ...rows]);
}

/** What follows the place `after`, anew: all held rows behind it give way. */
export function replaceTail(rows: readonly ShownRow[], after: number, page: ShownPage): ShownRow[] {
  let end = rows.length;
  while (end > 0) {
    const row = rows[end - 1];
    if (row && isLine(row) && row.message.position > 0 && row.message.position <= after) break;
    // The line above new messages stays where the person saw it first.
    if (row?.row === "unread" && !page.rows.some((other) => other.row === "unread")) break;
    end -= 1;
  }
  const kept = rows.slice(0, end);
  const again = page.rows.some((row) => row.row === "unread");
  return distinct([...(again ? kept.filter((row) => row.row !== "unread") : kept), ...page.rows]);
}

/** The lines of `page` in place of the same lines that are held. */
export function patch(rows: readonly ShownRow[], page: ShownPage): ShownRow[] {
  const fresh = new Map(page.rows.filter(isLine).map((row) => [row.message.id, row]));
  return rows.map((row) => (isLine(row) ? (fresh.get(row.message.id) ?? row) : row));
}

/** One message in place of the same that is held. */
export function patchOne(rows: readonly ShownRow[], message: Shown): ShownRow[] {
  return rows.map((row) => (isLine(row) && row.message.id === message.id ? { ...row, message } : row));
}

/** Without a message, and without a day that stands over nothing then. */
export function without(rows: readonly ShownRow[], message: string): ShownRow[] {
  const left = rows.filter((row) => !(isLine(row) && row.message.id === message));
  return left.filter((row, at) => isLine(row) || left[at + 1]?.row === "line" || left[at + 1]?.row === "unread");
}

/** A line comes once, and a day once in a row. */
function distinct(rows: ShownRow[]): ShownRow[] {
  const seen = new Set<string>();
  return rows.filter((row) => {
    const key = keyOf(row);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
