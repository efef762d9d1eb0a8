// Whose key it is, short enough to be compared by eye.

/** The first 8 bytes of a hash in hexadecimal, in groups of four digits. */
export const signer = (hash: string): string => (hash.slice(0, 16).match(/.{1,4}/gu) ?? []).join(" ");
