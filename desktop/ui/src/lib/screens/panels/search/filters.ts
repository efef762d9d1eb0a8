import { m } from "$lib/words/messages";

/** The filters of the core's query language, in the order in which they are offered. */
export const FILTERS = ["from", "in", "has", "before", "after", "on", "is"] as const;

const NAMES: Record<string, () => string> = {
  from: () => m.find_from(),
  in: () => m.find_in(),
  has: () => m.find_has(),
  before: () => m.find_before(),
  after: () => m.find_after(),
  on: () => m.find_on(),
  is: () => m.find_is(),
};

export const filterName = (filter: string): string => NAMES[filter]?.() ?? filter;
