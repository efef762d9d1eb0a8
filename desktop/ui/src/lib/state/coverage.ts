// Which conversations a records custodian keeps, of those that this device is in.
import { call } from "$lib/api/transport";
import type { ConversationHead } from "$lib/api/types";

export interface Covered {
  id: string;
  name: string;
  /** Handles of the custodians in it. */
  custodians: string[];
  /** Nothing can be sent into it without one. */
  required: boolean;
}

/** Heads asked for at a time. */
const AT_ONCE = 8;

/** Those in which people can write; where one is required and missing first, then those without. */
export async function coverage(): Promise<Covered[]> {
  const rows = await call("conversation_rows", { filter: "all", folder: null });
  const works = rows.filter(({ state }) => state === "active");
  const all: Covered[] = [];
  for (let at = 0; at < works.length; at += AT_ONCE) {
    const heads = await Promise.all(works.slice(at, at + AT_ONCE).map(({ id }) => call("conversation_head", { conversation: id })));
    all.push(...heads.map(covered));
  }
  const rank = ({ custodians, required }: Covered): number => (custodians.length > 0 ? 2 : required ? 0 : 1);
  return all.sort((a, b) => rank(a) - rank(b));
}

const covered = ({ info, custodians, policy }: ConversationHead): Covered => ({
  id: info.id,
  name: info.name,
  custodians,
  required: policy?.custodian_required ?? false,
});
