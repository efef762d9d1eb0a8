import { getLocale, locales } from "$lib/words/runtime";

/** Of texts in the order of `locales` the one in the present language. */
export const pick = (...texts: string[]): string => texts[locales.indexOf(getLocale())] ?? texts[0] ?? "";
