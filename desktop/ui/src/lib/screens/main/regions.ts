/** Regions of the window in the order in which F6 goes through them. */
const ORDER = ["rail", "list", "head", "messages", "composer", "panel", "section"];

/** The focus goes to the next or the former region that is there. */
export function toRegion(by: 1 | -1): void {
  const there = ORDER.map((name) => document.querySelector<HTMLElement>(`[data-region="${name}"]`)).filter(
    (region): region is HTMLElement => region !== null && region.getClientRects().length > 0,
  );
  const at = there.findIndex((region) => region.contains(document.activeElement));
  for (let tried = 1; tried <= there.length; tried += 1) {
    const start = at < 0 && by < 0 ? there.length : at;
    const region = there[(start + by * tried + there.length * 2) % there.length];
    if (region && enter(region)) return;
  }
}

function enter(region: HTMLElement): boolean {
  if (region.tabIndex === 0) {
    region.focus();
    return document.activeElement === region;
  }
  const first = region.querySelector<HTMLElement>(
    'textarea, [aria-current="page"], [data-conversation][tabindex="0"], button:not([disabled]):not([tabindex="-1"]), input:not([tabindex="-1"]), [tabindex="0"]',
  );
  first?.focus();
  return first !== null && document.activeElement === first;
}
