import { host } from "$lib/state/host.svelte";

/** Whether a key in a field for messages sends what stands there. */
export const sends = (event: KeyboardEvent): boolean =>
  event.key === "Enter" && (host.settings.enter_sends ? !event.shiftKey : event.ctrlKey || event.metaKey);

/** Whether a key that was pressed outside of any field writes a letter. */
export function typesText(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return false;
  if ([...event.key].length !== 1 || event.key === " ") return false;
  const target = event.target as HTMLElement;
  if (target.closest("input, textarea, select, [contenteditable], [role=dialog], [role=menu], [role=listbox], [data-message]")) return false;
  return document.querySelector("[role=dialog], [role=menu]") === null;
}
