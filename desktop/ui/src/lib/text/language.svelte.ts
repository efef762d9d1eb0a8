// Which language the words are in. Reading it inside of a template makes the template follow it.
import { baseLocale, isLocale, locales, overwriteGetLocale, type Locale } from "$lib/words/runtime";

/** Made from English; only in builds for tests. */
const TEST = new Set<string>(["en-XA", "ar-XB"]);
const RTL = new Set(["ar", "he", "fa", "ur"]);

class Language {
  tag = $state<Locale>(baseLocale);
  readonly direction = $derived<"ltr" | "rtl">(RTL.has(this.tag.split("-")[0] ?? "") ? "rtl" : "ltr");
  /** For `Intl`: the test languages format as English does. */
  readonly formats = $derived(TEST.has(this.tag) ? "en-GB" : this.region());

  choose(wish: string): void {
    this.tag = wish === "system" ? nearest(navigator.languages) : nearest([wish]);
  }

  /** The person's region in the chosen language, where the system says it. */
  private region(): string {
    return navigator.languages.find((tag) => tag.startsWith(this.tag)) ?? this.tag;
  }
}

function nearest(wishes: readonly string[]): Locale {
  for (const wish of wishes) {
    if (isLocale(wish)) return wish;
    const short = wish.split("-")[0];
    const found = locales.find((locale) => locale === short);
    if (found) return found;
  }
  return baseLocale;
}

export const language = new Language();
overwriteGetLocale(() => language.tag);
