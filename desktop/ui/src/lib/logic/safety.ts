// Safety numbers: what two people compare, as groups, as a picture, and as somebody hands it over.

/** Twelve groups of five digits, as the core gives them. */
export const groups = (number: string): string[] => number.split(/\s+/u).filter(Boolean);

const digits = (number: string): string => number.normalize("NFKC").replace(/[\s\-–.]/gu, "");

/** What the QR code carries: the sixty digits alone, which both sides share. */
export const payload = (number: string): string => digits(number);

export type Comparison = "same" | "different" | "no_number";

/** Compares what was scanned or pasted with what this device computed. */
export function compare(own: string, theirs: string): Comparison {
  const given = digits(theirs);
  if (!/^\d{60}$/u.test(given)) return "no_number";
  return given === digits(own) ? "same" : "different";
}
