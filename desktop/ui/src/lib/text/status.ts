// How far a message of one's own has come.
import type { ReceiptInfo, Shown } from "$lib/api/types";
import { m } from "$lib/words/messages";

export type Status = "held" | "sending" | "sent" | "delivered" | "read" | "failed";

/** `others` is how many people it goes to: those of whom nothing was heard have no receipt. */
export function statusOf(message: Shown, receipts: readonly ReceiptInfo[], others: number): Status {
  if (message.delivery === "failed") return "failed";
  if (message.delivery === "pending") {
    return message.held_until_ms && message.held_until_ms > Date.now() ? "held" : "sending";
  }
  const all = (place: (one: ReceiptInfo) => number): boolean =>
    receipts.length > 0 && receipts.length >= others && receipts.every((one) => place(one) >= message.position);
  if (all((one) => one.read)) return "read";
  if (all((one) => one.delivered)) return "delivered";
  return "sent";
}

export function statusText(status: Status): string {
  const words: Record<Status, () => string> = {
    held: m.status_held,
    sending: m.status_sending,
    sent: m.status_sent,
    delivered: m.status_delivered,
    read: m.status_read,
    failed: m.status_failed,
  };
  return words[status]();
}
