// Marks in a text. The core counts in characters (Unicode scalar values), not in UTF-16.
export interface Range {
  start: number;
  end: number;
}

export interface Piece {
  text: string;
  marked: boolean;
}

export function pieces(text: string, ranges: readonly Range[]): Piece[] {
  const chars = [...text];
  const out: Piece[] = [];
  let at = 0;
  const put = (end: number, marked: boolean): void => {
    if (end > at) out.push({ text: chars.slice(at, end).join(""), marked });
    at = Math.max(at, end);
  };
  for (const { start, end } of [...ranges].sort((a, b) => a.start - b.start)) {
    put(Math.min(start, chars.length), false);
    put(Math.min(end, chars.length), true);
  }
  put(chars.length, false);
  return out;
}

/** Single characters as ranges. */
export const ranges = (found: readonly number[]): Range[] => found.map((start) => ({ start, end: start + 1 }));
