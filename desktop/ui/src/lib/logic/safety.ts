// Safety numbers: what two people compare, as groups, as a picture, and as somebody hands it over.

/** Twelve groups of five digits, as the core gives them. */
export const groups = (number: string): string[] => number.split(/\s+/u).filter(Boolean);

const digits = (number: string): string => number.normalize("NFKC").replace(/[\s\-–.]/gu, "");

/** Version byte and 32 bytes of each side. */
const PAYLOAD_BYTES = 65;

/** The bytes of a text, hexadecimal. */
export const hexOf = (text: string): string => [...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** A scanned payload of the core, hexadecimal; `null` if the code carries something else. */
export function payload(scanned: string): string | null {
  const codes = [...scanned].map((char) => char.codePointAt(0) ?? 0);
  if (codes.length !== PAYLOAD_BYTES || codes.some((code) => code > 0xff)) return null;
  return codes.map((code) => code.toString(16).padStart(2, "0")).join("");
}

export type Comparison = "same" | "different" | "no_number";

/** Compares what was scanned or pasted with what this device computed. */
export function compare(own: string, theirs: string): Comparison {
  const given = digits(theirs);
  if (!/^\d{60}$/u.test(given)) return "no_number";
  return given === digits(own) ? "same" : "different";
}
