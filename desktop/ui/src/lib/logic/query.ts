// A query as text and as chips. The core says what it understood and where it stands in the text.
import type { Clause, Query } from "$lib/api/types";

export interface Chip {
  /** Place in the text, in characters. */
  start: number;
  end: number;
  negated: boolean;
  filter: string;
  value: string;
}

/** The filters of a query, in order; words are no chips. */
export function chips(query: Query): Chip[] {
  return query.clauses.flatMap((clause: Clause): Chip[] =>
    "filter" in clause
      ? [{ ...clause.span, negated: clause.negated, filter: clause.filter, value: String(clause.value) }]
      : []);
}

/** The text without what stands in a place of it. */
export function without(text: string, { start, end }: { start: number; end: number }): string {
  const chars = [...text];
  return [...chars.slice(0, start), ...chars.slice(end)].join("").replace(/\s+/gu, " ").trim();
}

/** The words alone, without any filter. */
export const unfiltered = (text: string, filters: readonly Chip[]): string =>
  [...filters].sort((a, b) => b.start - a.start).reduce(without, text).trim();

/** A value as it has to be written: quoted if there is a space in it. */
export const quoted = (value: string): string =>
  /[\s"]/u.test(value) ? `"${value.replaceAll('"', "")}"` : value;

/** The text with one filter more, or with another value of it where only one makes sense. */
export function withFilter(text: string, filter: string, value: string, negated = false): string {
  const piece = `${negated ? "-" : ""}${filter}:${quoted(value)}`;
  const words = text.trim();
  if (words.split(/\s+/u).includes(piece)) return words;
  return words === "" ? `${piece} ` : `${words} ${piece} `;
}

/** What is being written at the end of the text: a filter's name, or its value. */
export function unfinished(text: string): { filter: string; value: string; start: number } | null {
  const found = /(?:^|\s)-?(from|in|has|before|after|on|is):("?[^"\s]*)$/iu.exec(text);
  if (!found) return null;
  const value = found[2] ?? "";
  return { filter: (found[1] ?? "").toLowerCase(), value: value.replace(/^"/, ""), start: text.length - value.length };
}

/** Puts a value in the place of what is being written. */
export function complete(text: string, value: string): string {
  const open = unfinished(text);
  return open ? `${text.slice(0, open.start)}${quoted(value)} ` : text;
}
