// The security receipt of a conversation, as text that two people or an auditor can compare.
import type { ReceiptInfo, Security, Shown } from "$lib/api/types";

/** In English whatever the language: receipts of two people have to be the same, letter by letter. */
export function receiptText(name: string, security: Security, now_ms: number): string {
  const lines: [string, string][] = [
    ["conversation", name],
    ["group", security.group],
    ["epoch", String(security.epoch)],
    ["cipher suite", security.cipher_suite],
    ["members hash", security.members_hash],
    ["epoch authenticator", security.epoch_authenticator],
    ["devices", String(security.devices)],
    ["log", security.log ? `${security.log.origin} ${security.log.size} ${security.log.root}` : "none"],
    ["log state", security.log ? (security.log.conflict ?? "consistent") : "none"],
    ["made", new Date(now_ms).toISOString()],
  ];
  return lines.map(([label, value]) => `${label}: ${value}\n`).join("");
}

export type Reach = "read" | "delivered" | "sent";

/** How far each other member has come with a message. */
export function reaches(message: Shown, receipts: readonly ReceiptInfo[], members: readonly string[]): { handle: string; reach: Reach }[] {
  const by = new Map(receipts.map((receipt) => [receipt.person, receipt]));
  return members
    .filter((handle) => handle !== message.sender)
    .map((handle) => {
      const receipt = by.get(handle);
      const has = (place: number | undefined): boolean => message.position > 0 && (place ?? 0) >= message.position;
      return { handle, reach: has(receipt?.read) ? "read" : has(receipt?.delivered) ? "delivered" : "sent" };
    });
}
