// Words of the core, written for every front end, without what only a terminal can do.
const COMMAND = /`sealwire\b/;

/** The text without the clauses that name a command of the terminal. */
export const plain = (text: string): string =>
  COMMAND.test(text)
    ? text.split(/(?<=[.;:,])\s+/).filter((clause) => !COMMAND.test(clause)).join(" ").replace(/[;:,]$/, "")
    : text;
