// What a fault of the window itself may tell of: its kind and the lines of code, never its words,
// which may hold what people wrote.
import { CallError } from "$lib/api/transport";

export interface Crash {
  name: string;
  /** `file:line:column`, the innermost first. */
  places: string[];
}

const MOST_PLACES = 12;
const PLACE = /\/([\w.-]+\.(?:js|ts|svelte)):(\d+):(\d+)/g;

export function crashOf(thrown: unknown): Crash {
  if (!(thrown instanceof Error)) return { name: typeof thrown, places: [] };
  const name = /^\w{1,40}$/.test(thrown.name) ? thrown.name : "Error";
  const stack = String(thrown.stack ?? "").replaceAll(thrown.message || "\n\n", "");
  const places = [...stack.matchAll(PLACE)].map(([, file, line, column]) => `${file}:${line}:${column}`);
  return { name, places: places.slice(0, MOST_PLACES) };
}

/**
 * Whether a promise that nobody waited for failed by a fault of the window. A call that failed is
 * an answer of the core, and what the system refuses or breaks off is an answer of the system.
 */
export const isFault = (thrown: unknown): boolean =>
  !(thrown instanceof CallError) && !(thrown instanceof DOMException);
