// What is told of the connection.
import type { Connection, ConversationRow } from "$lib/api/types";

export type Reach = "online" | "connecting" | "outage" | "offline";

/** `network`: the system says that this computer is connected to something. */
export function reach(connection: Connection | null, network: boolean): Reach {
  if (connection?.state === "online") return "online";
  if (!network) return "offline";
  return connection === null || connection.reason === "" ? "connecting" : "outage";
}

/** Conversations in which a message of one's own waits to be sent. */
export const waiting = (rows: readonly ConversationRow[]): number =>
  rows.filter(({ preview }) => preview?.own && preview.delivery === "pending").length;
