// Times, sizes and lists by `Intl` in the language and region of the person.
import { m } from "$lib/words/messages";
import { language } from "./language.svelte";

const DAY_MS = 86_400_000;
const cache = new Map<string, unknown>();

function kept<T>(kind: string, make: (tag: string) => T): T {
  const key = `${kind} ${language.formats}`;
  if (!cache.has(key)) cache.set(key, make(language.formats));
  return cache.get(key) as T;
}

const format = (kind: string, options: Intl.DateTimeFormatOptions, at: number | Date): string =>
  kept(kind, (tag) => new Intl.DateTimeFormat(tag, options)).format(at);

/** `at_ms` may be anything that a relay says. */
const within = (at_ms: number): number => Math.min(Math.max(at_ms, 0), 8.64e15 - DAY_MS);

export const time = (at_ms: number): string => format("time", { timeStyle: "short" }, within(at_ms));

export const moment = (at_ms: number): string =>
  format("moment", { dateStyle: "medium", timeStyle: "short" }, within(at_ms));

export const date = (at_ms: number): string => format("date", { dateStyle: "medium" }, within(at_ms));

/** A day, counted since 1970-01-01 in the person's zone. */
export function day(number: number): string {
  const at = new Date(within(number * DAY_MS));
  const today = Math.floor((Date.now() - new Date().getTimezoneOffset() * 60_000) / DAY_MS);
  if (number === today || number === today - 1) {
    const words = kept("relative", (tag) => new Intl.RelativeTimeFormat(tag, { numeric: "auto" }));
    const said = words.format(number - today, "day");
    return said.charAt(0).toLocaleUpperCase(language.formats) + said.slice(1);
  }
  const year = new Date().getUTCFullYear() === at.getUTCFullYear() ? undefined : ("numeric" as const);
  return format(`day ${year ?? ""}`, { weekday: "long", day: "numeric", month: "long", year, timeZone: "UTC" }, at);
}

export const dayOf = (at_ms: number): number =>
  Math.floor((within(at_ms) - new Date(within(at_ms)).getTimezoneOffset() * 60_000) / DAY_MS);

/** As short as it can be: the time today, the weekday in this week, else the date. */
export function brief(at_ms: number): string {
  const ago = dayOf(Date.now()) - dayOf(at_ms);
  if (ago <= 0) return time(at_ms);
  if (ago < 7) return format("weekday", { weekday: "short" }, within(at_ms));
  const year = new Date(within(at_ms)).getFullYear() === new Date().getFullYear() ? undefined : ("2-digit" as const);
  return format(`brief ${year ?? ""}`, { day: "numeric", month: year ? "numeric" : "short", year }, within(at_ms));
}

export function size(bytes: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;
  const step = bytes < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** step;
  const unit = units[step] ?? "byte";
  return kept(`size ${unit}`, (tag) =>
    new Intl.NumberFormat(tag, { style: "unit", unit, unitDisplay: step === 0 ? "long" : "short", maximumFractionDigits: 1 }),
  ).format(value);
}

export const milliseconds = (value: number): string =>
  kept("ms", (tag) => new Intl.NumberFormat(tag, { style: "unit", unit: "millisecond" })).format(value);

export const number = (value: number): string => kept("number", (tag) => new Intl.NumberFormat(tag)).format(value);

export const percent = (share: number): string =>
  kept("percent", (tag) => new Intl.NumberFormat(tag, { style: "percent" })).format(share);

export const list = (items: readonly string[]): string =>
  kept("list", (tag) => new Intl.ListFormat(tag, { style: "long", type: "conjunction" })).format(items);

/** A span in its largest whole unit. */
export function span(seconds: number): string {
  const units = [[604_800, "week"], [86_400, "day"], [3_600, "hour"], [60, "minute"], [1, "second"]] as const;
  const [length, unit] = units.find(([length]) => seconds % length === 0 && seconds >= length) ?? [1, "second"];
  return kept(`span ${unit}`, (tag) => new Intl.NumberFormat(tag, { style: "unit", unit, unitDisplay: "long" })).format(seconds / length);
}

/** A length of a recording as 1:05. */
export function clock(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** A list of people, the first few by name. */
export function names(people: readonly string[], most = 3): string {
  if (people.length <= most) return list(people);
  return m.names_and_more({ names: people.slice(0, most).join(", "), count: people.length - most });
}
