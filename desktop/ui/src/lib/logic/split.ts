// A conversation that may go on in two ways: the person chooses a side.
import type { ConversationInfo } from "$lib/api/types";

const REASON = "the conversation may be split";

/** Whether it has stopped for that reason, whose words name commands of the terminal. */
export const isSplit = (info: ConversationInfo | undefined): boolean =>
  info?.state === "halted" && info.reason.includes(REASON);
