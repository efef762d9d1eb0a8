// A signed head of a log (C2SP signed-note): after an empty line, a line per signature with the name
// of whoever signed. The core has checked the signatures; here they are only named.

const SIGNATURE = /^— (\S+) [A-Za-z0-9+/=]+$/u;

/** Names of those who signed a head beside its log. */
export function witnesses(head: string, origin: string): string[] {
  const signatures = head.slice(head.indexOf("\n\n") + 2).split("\n");
  const names = signatures.flatMap((line) => SIGNATURE.exec(line)?.[1] ?? []);
  return [...new Set(names)].filter((name) => name !== origin);
}
