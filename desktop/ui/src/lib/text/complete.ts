// What is being written that can be completed: a person, an emoji or a command.

export interface Trigger {
  kind: "person" | "emoji" | "command";
  /** What was written after the sign. */
  text: string;
  /** Where the sign stands. */
  from: number;
  to: number;
}

const LEAST_EMOJI = 2;

/** What stands before the caret, if it asks for completion. */
export function triggerAt(text: string, caret: number): Trigger | null {
  const before = text.slice(0, caret);
  const command = /^\/([\p{L}\p{N}_-]*)$/u.exec(before);
  if (command) return { kind: "command", text: command[1] ?? "", from: 0, to: caret };
  const word = /(?:^|[\s(])([@:])([\p{L}\p{N}_.+-]*)$/u.exec(before);
  if (!word) return null;
  const [, sign, typed = ""] = word;
  const from = caret - typed.length - 1;
  if (sign === "@") return { kind: "person", text: typed, from, to: caret };
  return typed.length < LEAST_EMOJI ? null : { kind: "emoji", text: typed, from, to: caret };
}

/** The text with a choice in the trigger's place, and where the caret stands then. */
export function completed(text: string, trigger: Trigger, choice: string): { text: string; caret: number } {
  const after = text.slice(trigger.to);
  const put = after.startsWith(" ") ? choice : `${choice} `;
  return { text: text.slice(0, trigger.from) + put + after, caret: trigger.from + put.length };
}

/** Marks around the selection, or takes them away. */
export function wrapped(text: string, from: number, to: number, mark: string): { text: string; from: number; to: number } {
  const inner = text.slice(from, to);
  const has = text.slice(from - mark.length, from) === mark && text.slice(to, to + mark.length) === mark;
  if (has) {
    return { text: text.slice(0, from - mark.length) + inner + text.slice(to + mark.length), from: from - mark.length, to: to - mark.length };
  }
  return { text: text.slice(0, from) + mark + inner + mark + text.slice(to), from: from + mark.length, to: to + mark.length };
}
