// How clocks and coarse figures of the relay are told. Counts come in tens and bytes in steps: what is shown is
// the range in which the exact one lies, or its lower end.
import type { HealthPoint } from "$lib/api/types";
import { number, size, span } from "$lib/text/format";

const MINUTE_S = 60;
const HOUR_S = 3_600;
const DAY_S = 86_400;
/** A relay's counts are rounded down to these. */
const STEP = 10;
const BYTES_STEP = 16 * 1_048_576;

/** A length of time in days, from two on, else in hours or minutes. */
export function rough(ms: number): string {
  const seconds = ms / 1_000;
  const unit = seconds >= 2 * DAY_S ? DAY_S : seconds >= HOUR_S ? HOUR_S : MINUTE_S;
  return span(Math.max(1, Math.floor(seconds / unit)) * unit);
}

export type Standing = "running" | "late" | "met" | "met_late";

/** How a clock stands: by the relay, which has judged by its own clock. */
export function standing(done: number | null, overdue_ms: number): Standing {
  if (done === null) return overdue_ms > 0 ? "late" : "running";
  return overdue_ms > 0 ? "met_late" : "met";
}

export const counted = (count: number): string => `${number(count)}–${number(count + STEP - 1)}`;
export const stored = (bytes: number): string => (bytes < BYTES_STEP ? `< ${size(BYTES_STEP)}` : size(bytes));
export const bytes = (point: HealthPoint): number => point.database_bytes + point.blob_bytes;

/** A curve in a box of 100 by 100, as points of SVG; the largest value touches the top. */
export function curve(values: readonly number[]): string {
  const most = Math.max(...values, 1);
  const step = 100 / Math.max(values.length - 1, 1);
  return values.map((value, at) => `${(at * step).toFixed(2)},${(100 - (value / most) * 96).toFixed(2)}`).join(" ");
}
