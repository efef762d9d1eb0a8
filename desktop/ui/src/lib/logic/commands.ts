// Commands of the switcher, found by their words.
import type { Keys } from "$lib/state/keys";

export interface Command {
  id: string;
  label: string;
  keys?: Keys | undefined;
  do: () => void;
}

/** Folds case and accents, so that `prasent` finds „Präsentation“. */
const fold = (text: string): string => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** Every word of `text` has to begin a word of the label, or to stand in it where words are not set apart. */
export function commandsFor(text: string, all: readonly Command[]): Command[] {
  const wanted = fold(text.replace(/^>/, "")).split(/\s+/u).filter(Boolean);
  if (wanted.length === 0) return text.startsWith(">") ? [...all] : [];
  return all.filter(({ label }) => {
    const folded = fold(label);
    const words = folded.split(/[\s\-:,]+/u);
    return wanted.every((word) =>
      /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(word) ? folded.includes(word) : words.some((other) => other.startsWith(word)));
  });
}
