// The organisation's policy as a form, what is changed by it, and what that does.
import type { OrganisationPolicyChange, OrganisationPolicyInfo } from "$lib/api/types";

export const MOST_DAYS = 36_500;

export interface PolicyForm {
  /** Days as typed; empty for no bound. */
  messages: string;
  files: string;
  receipts: boolean;
  logs: string;
}

export const formOf = (now: OrganisationPolicyInfo | null): PolicyForm => ({
  messages: now?.max_message_days ? String(now.max_message_days) : "",
  files: now?.max_file_days ? String(now.max_file_days) : "",
  receipts: now?.receipts ?? true,
  logs: now?.logs ?? "",
});

/** Days, 0 for no bound; `null` if it is no number of days. */
export function days(text: string): number | null {
  const trimmed = text.normalize("NFKC").trim();
  if (trimmed === "") return 0;
  const count = Number(trimmed);
  return /^\d+$/u.test(trimmed) && count >= 1 && count <= MOST_DAYS ? count : null;
}

/** What is to be published: nothing that stays as it is. `null` if something typed makes no sense. */
export function changeOf(form: PolicyForm, now: OrganisationPolicyInfo | null): OrganisationPolicyChange | null {
  const messages = days(form.messages);
  const files = days(form.files);
  if (messages === null || files === null) return null;
  const before = formOf(now);
  return {
    max_message_days: messages === (days(before.messages) ?? 0) ? null : messages,
    max_file_days: files === (days(before.files) ?? 0) ? null : files,
    receipts: form.receipts === before.receipts ? null : form.receipts,
    logs: form.logs.trim() === before.logs.trim() ? null : form.logs.trim(),
    custodians: null,
  };
}

export const changesNothing = (change: OrganisationPolicyChange): boolean =>
  Object.values(change).every((value) => value === null);

export type Effect =
  | { effect: "messages_go"; days: number }
  | { effect: "messages_stay"; days: number }
  | { effect: "messages_unbound" }
  | { effect: "files_go"; days: number }
  | { effect: "files_stay"; days: number }
  | { effect: "files_as_messages" }
  | { effect: "receipts_on" }
  | { effect: "receipts_off" }
  | { effect: "logs_pinned" }
  | { effect: "logs_first_seen" };

/** What a change does on people's devices: what it removes is told apart from what it keeps longer. */
export function effects(change: OrganisationPolicyChange, now: OrganisationPolicyInfo | null): Effect[] {
  const out: Effect[] = [];
  const shorter = (next: number, before: number | null | undefined): boolean => !before || next < before;
  const { max_message_days: messages, max_file_days: files } = change;
  if (messages === 0) out.push({ effect: "messages_unbound" });
  else if (messages !== null) out.push({ effect: shorter(messages, now?.max_message_days) ? "messages_go" : "messages_stay", days: messages });
  if (files === 0) out.push({ effect: "files_as_messages" });
  else if (files !== null) out.push({ effect: shorter(files, now?.max_file_days ?? now?.max_message_days) ? "files_go" : "files_stay", days: files });
  if (change.receipts !== null) out.push({ effect: change.receipts ? "receipts_on" : "receipts_off" });
  if (change.logs !== null) out.push({ effect: change.logs === "" ? "logs_first_seen" : "logs_pinned" });
  return out;
}

/** Something is lost that cannot be brought back. */
export const destroys = (all: readonly Effect[]): boolean =>
  all.some(({ effect }) => effect === "messages_go" || effect === "files_go");
