/** One or two letters of a name, as people see letters. */
export function initials(name: string): string {
  const words = name.replace(/@.*/u, "").split(/[\s._-]+/u).filter(Boolean);
  const first = (word: string): string => {
    const [segment] = new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(word);
    return segment?.segment ?? "";
  };
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters.map((word) => first(word ?? "")).join("").toLocaleUpperCase() || "?";
}

/** A hue from 0 to 11 that stays the same for a name. */
export function hue(name: string): number {
  let sum = 0;
  for (const char of name) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 9973;
  return sum % 12;
}
