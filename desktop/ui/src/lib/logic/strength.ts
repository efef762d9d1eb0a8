// How hard a passphrase is to guess, roughly. A help for the person: the core decides what it takes.

export type Strength = "short" | "weak" | "fair" | "good" | "strong";

/** The core takes nothing shorter. */
export const SHORTEST = 8;
/** What a word from a large dictionary is worth to somebody who tries words. */
const BITS_PER_WORD = 12;
const POOLS: readonly [RegExp, number][] = [
  [/\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}/u, 2_000],
  [/\p{Ll}/u, 26],
  [/\p{Lu}/u, 26],
  [/\p{N}/u, 10],
  [/[^\p{L}\p{N}]/u, 20],
];

/** Characters that a guess of the one before does not give away. */
function surprising(chars: readonly string[]): number {
  const code = (at: number): number => chars[at]?.codePointAt(0) ?? 0;
  return chars.filter((_, at) => {
    const step = code(at) - code(at - 1);
    const again = at >= 2 && step === code(at - 1) - code(at - 2) && Math.abs(step) <= 1;
    return at === 0 || (step !== 0 && !again);
  }).length;
}

export function bits(passphrase: string): number {
  const chars = [...passphrase];
  const pool = POOLS.reduce((sum, [has, size]) => (has.test(passphrase) ? sum + size : sum), 0);
  const distinct = new Set(chars).size;
  const count = Math.min(surprising(chars), distinct * 3);
  const by_chars = count * Math.log2(Math.max(pool, 2));
  const words = new Set(passphrase.toLowerCase().split(/[\s\-_.,]+/u).filter((word) => /^\p{L}{3,}$/u.test(word)));
  const only_words = passphrase.toLowerCase().split(/[\s\-_.,]+/u).every((word) => /^\p{L}*$/u.test(word));
  const chinese = /\p{Script=Han}/u.test(passphrase);
  return only_words && !chinese ? Math.min(by_chars, Math.max(words.size, 1) * BITS_PER_WORD + 4) : by_chars;
}

export function strength(passphrase: string): Strength {
  if ([...passphrase].length < SHORTEST) return "short";
  const worth = bits(passphrase);
  if (worth < 36) return "weak";
  if (worth < 50) return "fair";
  return worth < 70 ? "good" : "strong";
}
