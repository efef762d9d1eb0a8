// The list of conversations. Order and counts come from the core; here is only when to ask again.
import { asProblem, call, listen } from "$lib/api/transport";
import type { ConversationRow, Event, Filter } from "$lib/api/types";
import { toasts } from "$lib/parts/toasts.svelte";
import { soon } from "./soon";

export const FILTERS = ["all", "unread", "mentions", "direct", "groups", "muted", "archived"] as const satisfies Filter[];

/** Events after which the list is another. */
const STIRS = new Set<Event["event"]>(["message", "changed", "gone", "conversation", "forgotten", "lag"]);

class Conversations {
  rows = $state.raw<ConversationRow[]>([]);
  filter = $state<Filter>("all");
  folder = $state<string | null>(null);
  loaded = $state(false);
  /** Unread messages and mentions in all of them. */
  readonly unread = $derived(this.rows.reduce((sum, row) => sum + (muted(row) ? 0 : row.unread), 0));

  private readonly later = soon(() => this.load());

  start(): () => void {
    void this.load();
    return listen(({ event }) => {
      if (STIRS.has(event)) this.later();
    });
  }

  async load(): Promise<void> {
    const { filter, folder } = this;
    try {
      const rows = await call("conversation_rows", { filter, folder });
      if (filter !== this.filter || folder !== this.folder) return;
      this.rows = rows;
      this.loaded = true;
    } catch (thrown) {
      toasts.problem(asProblem(thrown));
    }
  }

  choose(filter: Filter): void {
    this.filter = filter;
    void this.load();
  }

  row(id: string | null): ConversationRow | undefined {
    return this.rows.find((row) => row.id === id);
  }

  /** The one `by` places after `id` in the list, of those that `wanted` names. */
  near(id: string | null, by: number, wanted: (row: ConversationRow) => boolean = () => true): string | null {
    const at = this.rows.findIndex((row) => row.id === id);
    const step = Math.sign(by);
    for (let place = at < 0 && step < 0 ? this.rows.length - 1 : at + step; place >= 0 && place < this.rows.length; place += step) {
      const row = this.rows[place];
      if (row && wanted(row)) return row.id;
    }
    return null;
  }

  /** Runs a call that changes the list, and tells if it fails. */
  async change(doing: Promise<unknown>): Promise<void> {
    try {
      await doing;
    } catch (thrown) {
      toasts.problem(asProblem(thrown));
    }
    this.later();
  }
}

export function muted(row: { muted_until: number | null }): boolean {
  return row.muted_until !== null && row.muted_until > Date.now();
}

export const conversations = new Conversations();
