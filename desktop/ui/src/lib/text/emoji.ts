// Emoji by name, from files of the app itself; loaded when first needed.
import de from "emojibase-data/de/compact.json?url";
import en from "emojibase-data/en/compact.json?url";
import codes from "emojibase-data/en/shortcodes/emojibase.json?url";
import zh from "emojibase-data/zh/compact.json?url";

export interface Emoji {
  emoji: string;
  label: string;
  group: number;
  /** What it is found by: names and words in lower case. */
  words: string[];
}

interface Entry {
  hexcode: string;
  unicode: string;
  label: string;
  group?: number;
  order?: number;
  tags?: string[];
}

/** People and bodies apart from faces is one group; components of emoji (2) are none. */
export const GROUPS = [0, 1, 3, 4, 5, 6, 7, 8, 9] as const;
export const USUAL = ["👍", "❤️", "😂", "🎉", "👀", "✅", "🙏", "😮"];

const files: Record<string, string> = { en, de, zh };
const loaded = new Map<string, Promise<Emoji[]>>();

export function allEmoji(language: string): Promise<Emoji[]> {
  const file = files[language] ?? en;
  const held = loaded.get(file) ?? load(file).catch(() => {
    // Whoever looks for emoji next asks again.
    loaded.delete(file);
    return [];
  });
  loaded.set(file, held);
  return held;
}

async function load(file: string): Promise<Emoji[]> {
  const [entries, shortcodes] = await Promise.all([
    fetch(file).then((answer) => answer.json() as Promise<Entry[]>),
    fetch(codes).then((answer) => answer.json() as Promise<Record<string, string | string[]>>),
  ]);
  return entries
    .filter(({ group }) => group !== undefined && group !== 2)
    .sort((a, b) => (a.order ?? 0) - (b.order ?? 0))
    .map(({ hexcode, unicode, label, group, tags }) => ({
      emoji: unicode,
      label,
      group: group ?? 0,
      words: [...[shortcodes[hexcode] ?? []].flat(), label.toLowerCase(), ...(tags ?? [])],
    }));
}

/** Those whose name or a word begins with `text`, then those that hold it. */
export function findEmoji(all: readonly Emoji[], text: string, most: number): Emoji[] {
  const wanted = text.toLowerCase();
  if (wanted === "") return all.slice(0, most);
  const score = ({ words }: Emoji): number => {
    if (words[0] === wanted) return 0;
    if (words[0]?.startsWith(wanted)) return 1;
    if (words.some((word) => word.startsWith(wanted))) return 2;
    return words.some((word) => word.includes(wanted)) ? 3 : 9;
  };
  return all
    .map((one) => ({ one, score: score(one) }))
    .filter((scored) => scored.score < 9)
    .sort((a, b) => a.score - b.score)
    .slice(0, most)
    .map(({ one }) => one);
}
