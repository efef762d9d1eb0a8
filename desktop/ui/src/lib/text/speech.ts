// One sentence per message, for those who listen.
import type { ReceiptInfo, Shown } from "$lib/api/types";
import { m } from "$lib/words/messages";
import { names, size, time } from "./format";
import { statusOf, statusText } from "./status";

type Name = (handle: string) => string;

/** Of the conversation: how far its people have come, how many they are, and what each of them is. */
export interface Around {
  timeline: { receipts: readonly ReceiptInfo[] };
  others: number;
  kind: (handle: string) => string;
}

export function speech(message: Shown, name: Name, around: Around): string {
  const parts = [message.own ? m.you() : name(message.sender)];
  const kind = around.kind(message.sender);
  if (kind === "agent") parts.push(m.agent());
  if (kind === "custodian") parts.push(m.custodian());
  parts.push(time(message.at_ms));
  if (message.priority === "urgent") parts.push(m.urgent());
  if (message.priority === "important") parts.push(m.important());
  if (message.reply_to) parts.push(m.speech_reply({ name: name(message.reply_to.sender), text: message.reply_to.text || m.deleted_message() }));
  parts.push(body(message));
  if (message.attachments.length > 0) {
    const files = message.attachments.map((file) => `${file.name}, ${size(file.size)}`);
    parts.push(m.speech_files({ count: files.length, files: files.join("; ") }));
  }
  for (const { emoji, people } of message.reactions ?? []) {
    parts.push(m.speech_reaction({ emoji, names: names(people.map(name)) }));
  }
  if (message.edited_at_ms && !message.deleted) parts.push(m.edited());
  if (message.acknowledgements) parts.push(m.speech_acknowledged({ count: message.acknowledgements.length }));
  if (message.own && !message.deleted) parts.push(statusText(statusOf(message, around.timeline.receipts, around.others)));
  return parts.filter(Boolean).join(", ");
}

function body(message: Shown): string {
  if (message.deleted) return m.deleted_message();
  if (message.folded) return m.folded_message();
  if (message.kind === "unknown") return m.unknown_message();
  return message.text;
}
