// The list of conversations. Order and counts come from the core; here is only when to ask again.
import { asProblem, call, listen } from "$lib/api/transport";
import type { ConversationRow, Event, Filter } from "$lib/api/types";
import { toasts } from "$lib/parts/toasts.svelte";
import { soon } from "./soon";

export const FILTERS = ["all", "unread", "mentions", "direct", "groups", "muted", "archived"] as const satisfies Filter[];

/** Events after which the list is another. */
const STIRS = new Set<Event["event"]>(["message", "changed", "gone", "conversation", "forgotten", "lag"]);

class Conversations {
  /** What the list shows: those that the filter lets through. */
  rows = $state.raw<ConversationRow[]>([]);
  /** Every one, whatever the list shows, archived ones too. */
  all = $state.raw<ConversationRow[]>([]);
  filter = $state<Filter>("all");
  folder = $state<string | null>(null);
  loaded = $state(false);
  /** Unread messages in all that are neither muted nor archived. */
  readonly unread = $derived(this.all.reduce((sum, row) => sum + (row.archived || muted(row) ? 0 : row.unread), 0));

  private turn = 0;
  private readonly later = soon(() => this.load());

  start(): () => void {
    void this.load();
    const stop = listen(({ event }) => {
      if (STIRS.has(event)) this.later();
    });
    return () => {
      stop();
      this.forget();
    };
  }

  async load(): Promise<void> {
    const { filter, folder, turn } = this;
    const stale = (): boolean => turn !== this.turn || filter !== this.filter || folder !== this.folder;
    try {
      const rows = await call("conversation_rows", { filter, folder });
      if (stale()) return;
      this.rows = rows;
      this.loaded = true;
      const of = async (wanted: Filter): Promise<ConversationRow[]> =>
        wanted === filter && folder === null ? rows : call("conversation_rows", { filter: wanted, folder: null });
      const all = (await Promise.all([of("all"), of("archived")])).flat();
      if (!stale()) this.all = all;
    } catch (thrown) {
      toasts.problem(asProblem(thrown));
    }
  }

  choose(filter: Filter): void {
    this.filter = filter;
    void this.load();
  }

  row(id: string | null): ConversationRow | undefined {
    return this.all.find((row) => row.id === id);
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

  private forget(): void {
    this.turn += 1;
    this.rows = [];
    this.all = [];
    this.filter = "all";
    this.folder = null;
    this.loaded = false;
  }
}

export function muted(row: { muted_until: number | null }): boolean {
  return row.muted_until !== null && row.muted_until > Date.now();
}

export const conversations = new Conversations();
