// What is told of the connection.
import type { Connection, ConversationRow, Shown } from "$lib/api/types";

export type Reach = "online" | "connecting" | "outage" | "offline";

/** `network`: the system says that this computer is connected to something. */
export function reach(connection: Connection | null, network: boolean): Reach {
  if (connection?.state === "online") return "online";
  if (!network) return "offline";
  return connection === null || connection.reason === "" ? "connecting" : "outage";
}

/** Conversations whose newest message is one's own and waits to be sent. */
export const waiting = (rows: readonly ConversationRow[]): ConversationRow[] =>
  rows.filter(({ preview }) => preview?.own && preview.delivery === "pending");

/** Whether a message waits for the relay, and can still be changed. Files begin their way at once. */
export const queued = (message: Shown, connection: Connection | null): boolean =>
  message.own && message.delivery === "pending" && !message.held_until_ms && message.attachments.length === 0 && connection?.state !== "online";
