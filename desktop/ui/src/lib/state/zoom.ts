// The size of text, in steps.
import { attempt } from "./asked.svelte";
import { host } from "./host.svelte";

export const ZOOMS = [80, 90, 100, 110, 125, 150, 175, 200];

/** The next step up or down; with 0 the usual size. */
export function zoomBy(by: -1 | 0 | 1): void {
  const now = host.settings.zoom;
  const zoom = by === 0 ? 100 : by > 0 ? ZOOMS.find((step) => step > now) : ZOOMS.findLast((step) => step < now);
  if (zoom !== undefined && zoom !== now) void attempt(() => host.change({ zoom }));
}
