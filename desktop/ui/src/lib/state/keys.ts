// The one table of keys: it binds them, fills the sheet that lists them, and `aria-keyshortcuts`.
import { host } from "./host.svelte";
import { m } from "$lib/words/messages";

export type Group = "go" | "conversation" | "message" | "write";

interface Shortcut {
  /** As `aria-keyshortcuts` spells them; the first is shown. */
  keys: readonly string[];
  group: Group;
  label: () => string;
}

const TABLE = {
  switcher: { keys: ["Control+K"], group: "go", label: () => m.key_switcher() },
  search: { keys: ["Control+Shift+F"], group: "go", label: () => m.key_search() },
  next_hit: { keys: ["F3"], group: "go", label: () => m.find_next() },
  previous_hit: { keys: ["Shift+F3"], group: "go", label: () => m.find_previous() },
  new_conversation: { keys: ["Control+N"], group: "go", label: () => m.key_new_conversation() },
  settings: { keys: ["Control+,"], group: "go", label: () => m.key_settings() },
  lock: { keys: ["Control+L"], group: "go", label: () => m.key_lock() },
  shortcuts: { keys: ["Control+/"], group: "go", label: () => m.key_shortcuts() },
  next_region: { keys: ["F6"], group: "go", label: () => m.key_next_region() },
  previous_region: { keys: ["Shift+F6"], group: "go", label: () => m.key_previous_region() },
  back: { keys: ["Alt+ArrowLeft"], group: "go", label: () => m.key_back() },
  forward: { keys: ["Alt+ArrowRight"], group: "go", label: () => m.key_forward() },
  larger: { keys: ["Control++", "Control+="], group: "go", label: () => m.key_larger() },
  smaller: { keys: ["Control+-"], group: "go", label: () => m.key_smaller() },
  usual_size: { keys: ["Control+0"], group: "go", label: () => m.key_usual_size() },
  next: { keys: ["Alt+ArrowDown"], group: "conversation", label: () => m.key_next() },
  previous: { keys: ["Alt+ArrowUp"], group: "conversation", label: () => m.key_previous() },
  next_unread: { keys: ["Alt+Shift+ArrowDown"], group: "conversation", label: () => m.key_next_unread() },
  previous_unread: { keys: ["Alt+Shift+ArrowUp"], group: "conversation", label: () => m.key_previous_unread() },
  nth: { keys: ["Control+1", ...[2, 3, 4, 5, 6, 7, 8, 9].map((n) => `Control+${n}`)], group: "conversation", label: () => m.key_nth() },
  details: { keys: ["Control+Shift+I"], group: "conversation", label: () => m.key_details() },
  reply: { keys: ["R"], group: "message", label: () => m.reply() },
  react: { keys: ["+"], group: "message", label: () => m.react() },
  edit: { keys: ["E"], group: "message", label: () => m.edit() },
  copy: { keys: ["C"], group: "message", label: () => m.copy_text() },
  thread: { keys: ["T"], group: "message", label: () => m.reply_in_thread() },
  remove: { keys: ["Delete"], group: "message", label: () => m.delete_for_everyone() },
  more: { keys: ["Enter", "ContextMenu"], group: "message", label: () => m.more_actions() },
  send: {
    get keys() {
      return host.settings.enter_sends ? ["Enter", "Control+Enter"] : ["Control+Enter"];
    },
    group: "write",
    label: () => m.send(),
  },
  attach: { keys: ["Control+U"], group: "write", label: () => m.attach() },
  bold: { keys: ["Control+B"], group: "write", label: () => m.bold() },
  italic: { keys: ["Control+I"], group: "write", label: () => m.italic() },
  code: { keys: ["Control+E"], group: "write", label: () => m.code() },
  edit_last: { keys: ["ArrowUp"], group: "write", label: () => m.key_edit_last() },
  cancel: { keys: ["Escape"], group: "write", label: () => m.key_cancel() },
} satisfies Record<string, Shortcut>;

export type Keys = keyof typeof TABLE;

export const table = TABLE as Record<Keys, Shortcut>;

/** For `aria-keyshortcuts`. */
export const aria = (name: Keys): string => table[name].keys.map((keys) => keys.replace(/\+$/, "Plus")).join(" ");

/** The keys of a spelling; the last may be the plus itself. */
const split = (spelled: string): string[] => spelled.split(/\+(?!$)/);

const SHOWN: Record<string, () => string> = {
  Control: () => m.key_control(),
  Shift: () => m.key_shift(),
  ArrowUp: () => "↑",
  ArrowDown: () => "↓",
  ArrowLeft: () => "←",
  ArrowRight: () => "→",
  Escape: () => "Esc",
  Delete: () => m.key_delete(),
};

/** For people, as "Ctrl+K". */
export function shown(name: Keys): string {
  if (name === "nth") return `${m.key_control()}+1…9`;
  return split(table[name].keys[0] ?? "").map((key) => SHOWN[key]?.() ?? key).join("+");
}

/** Whether the keys that were pressed are `spelled` so. */
export function pressed(event: KeyboardEvent, spelled: string): boolean {
  const parts = split(spelled);
  const key = parts.at(-1) ?? "";
  const has = (modifier: string): boolean => parts.slice(0, -1).includes(modifier);
  const plain = key.length === 1 && !/[a-z0-9]/i.test(key);
  return (
    event.key.toUpperCase() === key.toUpperCase() &&
    (event.ctrlKey || event.metaKey) === has("Control") &&
    event.altKey === has("Alt") &&
    // Which shift a sign needs is up to the keyboard.
    (plain || event.shiftKey === has("Shift"))
  );
}

/** The keys of `of` that `event` pressed. */
export function which(event: KeyboardEvent, of: readonly Keys[]): Keys | null {
  if (event.isComposing || event.defaultPrevented) return null;
  return of.find((name) => table[name].keys.some((keys) => pressed(event, keys))) ?? null;
}

/** Binds keys of the whole window; gives what unbinds them. */
export function bindKeys(bound: Partial<Record<Keys, (event: KeyboardEvent) => void>>): () => void {
  const names = Object.keys(bound) as Keys[];
  const on = (event: KeyboardEvent): void => {
    const name = which(event, names);
    if (name === null) return;
    event.preventDefault();
    bound[name]?.(event);
  };
  window.addEventListener("keydown", on);
  return () => window.removeEventListener("keydown", on);
}
