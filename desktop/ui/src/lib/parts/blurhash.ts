const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";

/** The mean colour of a blurhash (its characters 3 to 6, base 83, are 24 bits of sRGB), or none. */
export function colour(hash: string): string | undefined {
  if (hash.length < 6) return undefined;
  let value = 0;
  for (const char of hash.slice(2, 6)) {
    const digit = DIGITS.indexOf(char);
    if (digit < 0) return undefined;
    value = value * 83 + digit;
  }
  return `#${(value & 0xffffff).toString(16).padStart(6, "0")}`;
}
