// The open conversation's history: pages around where the person looks, and what happens to it.
import { tick } from "svelte";
import { asProblem, call, listen, type CallError } from "$lib/api/transport";
import type { Anchor, Event, ReceiptInfo, Shown, ShownPage, ShownRow } from "$lib/api/types";
import { Missed } from "./missed.svelte";
import { firstPlace, indexOf, isLine, lastPlace, MOST_ROWS, patch, patchOne, prepend, replaceTail, without } from "./pages";
import { soon } from "./soon";

const PAGE = 80;
const FIRST_PAGE = 50;

export class Timeline {
  rows = $state.raw<ShownRow[]>([]);
  /** Rows were put to or taken from the beginning: the list keeps its place from the end. */
  shift = $state(false);
  more_before = $state(false);
  more_after = $state(false);
  loaded = $state(false);
  problem = $state.raw<CallError | null>(null);
  receipts = $state.raw<ReceiptInfo[]>([]);
  readonly missed: Missed;
  /** Told once to those who listen. */
  onnew: ((message: Shown) => void) | null = null;

  /** Before what has come and is not drawn yet: it may stand above messages of one's own that are. */
  private drawn = Infinity;
  private loading = false;
  private ended = false;
  private readonly stop: () => void;
  private readonly tail = soon(() => this.refreshTail(), 0);
  private readonly ask_receipts = soon(() => this.loadReceipts(), 150);
  private readonly changed = new Map<string, Shown>();
  private readonly mend = soon(() => this.mendChanged(), 0);

  constructor(readonly conversation: string) {
    this.missed = new Missed(conversation);
    this.stop = listen((event) => this.hear(event));
    this.ask_receipts();
  }

  end(): void {
    this.ended = true;
    this.stop();
  }

  /** Loads anew around `anchor`; gives the place that it stands at, 0 for the end. */
  async load(anchor: Anchor): Promise<number> {
    try {
      const page = await this.page(anchor, FIRST_PAGE, FIRST_PAGE);
      this.shift = false;
      this.rows = page.rows;
      this.more_before = page.more_before;
      this.more_after = page.more_after;
      if (page.anchor === 0) this.missed.none();
      else if (!this.loaded) void this.missed.count(() => this.rows);
      this.problem = null;
      this.loaded = true;
      return page.anchor;
    } catch (thrown) {
      this.problem = asProblem(thrown);
      return 0;
    }
  }

  async older(): Promise<void> {
    const first = firstPlace(this.rows);
    if (!this.more_before || first === null) return;
    await this.alone(async () => {
      const page = await this.page({ at: "position", of: first }, PAGE, 0);
      if (firstPlace(this.rows) !== first) return;
      await this.dropEnd();
      this.shift = true;
      this.rows = prepend(this.rows, page);
      this.more_before = page.more_before;
      await tick();
    });
  }

  async newer(): Promise<void> {
    const last = lastPlace(this.rows);
    if (!this.more_after || last === null) return;
    await this.alone(async () => {
      const page = await this.page({ at: "position", of: last + 1 }, 0, PAGE);
      await this.dropStart();
      this.shift = false;
      this.rows = replaceTail(this.rows, last, page);
      this.more_after = page.more_after;
      await tick();
    });
  }

  index(message: string): number {
    return indexOf(this.rows, message);
  }

  line(message: string): Shown | null {
    const row = this.rows[this.index(message)];
    return row && isLine(row) ? row.message : null;
  }

  /** The newest message of one's own that can be changed. */
  lastOwn(): Shown | null {
    for (let at = this.rows.length - 1; at >= 0; at -= 1) {
      const row = this.rows[at];
      if (row && isLine(row) && row.message.own && row.message.kind === "text" && !row.message.deleted && row.message.delivery === "sent") {
        return row.message;
      }
    }
    return null;
  }

  /** A message that this window itself just sent. */
  sent(): void {
    if (this.more_after) void this.load({ at: "newest" });
    else this.tail();
  }

  private hear(event: Event): void {
    if (event.event === "lag") {
      this.tail();
      this.ask_receipts();
      return;
    }
    if (!("conversation" in event) || event.conversation !== this.conversation) return;
    if (event.event === "message") this.arrived(event);
    else if (event.event === "changed") {
      this.changed.set(event.id, event);
      this.mend();
    } else if (event.event === "gone") {
      this.shift = false;
      this.rows = without(this.rows, event.message);
    } else if (event.event === "receipts") this.ask_receipts();
  }

  private arrived(message: Shown): void {
    const known = this.index(message.id) >= 0;
    if (!known && !message.own && message.kind === "text") {
      this.missed.add(message);
      this.onnew?.(message);
    }
    if (known) this.rows = patchOne(this.rows, message);
    else if (message.position > 0 && !this.more_after) this.drawn = Math.min(this.drawn, message.position - 1);
    if (!this.more_after) this.tail();
  }

  private async refreshTail(): Promise<void> {
    if (this.more_after || this.ended || !this.loaded) return;
    const settled = this.settled();
    const last = settled === null ? null : Math.min(settled, this.drawn);
    this.drawn = Infinity;
    const page = last === null
      ? await this.page({ at: "newest" }, FIRST_PAGE, 0)
      : await this.page({ at: "position", of: last + 1 }, 0, PAGE);
    this.shift = false;
    this.rows = last === null ? page.rows : replaceTail(this.rows, last, page);
    if (last === null) this.more_before = page.more_before;
    this.more_after = page.more_after;
    await this.dropStart();
  }

  /** The last place before anything that is still on its way. */
  private settled(): number | null {
    const pending = this.rows.findIndex((row) => isLine(row) && row.message.position === 0);
    return lastPlace(pending < 0 ? this.rows : this.rows.slice(0, pending));
  }

  /** What an edit or a reaction changed may stand apart from its neighbours then. */
  private async mendChanged(): Promise<void> {
    const changed = [...this.changed.values()].filter((message) => this.index(message.id) >= 0);
    this.changed.clear();
    for (const message of changed) {
      this.rows = patchOne(this.rows, message);
      if (message.position === 0) continue;
      const page = await this.page({ at: "position", of: message.position }, 0, 2);
      this.rows = patch(this.rows, page);
    }
  }

  private async loadReceipts(): Promise<void> {
    const receipts = await call("receipts", { conversation: this.conversation }).catch(() => null);
    if (receipts) this.receipts = receipts;
  }

  /** Makes room by what lies far below. */
  private async dropEnd(): Promise<void> {
    if (this.rows.length <= MOST_ROWS) return;
    this.shift = false;
    this.rows = this.rows.slice(0, MOST_ROWS - PAGE);
    this.more_after = true;
    await tick();
  }

  /** Makes room by what lies far above. */
  private async dropStart(): Promise<void> {
    if (this.rows.length <= MOST_ROWS) return;
    await tick();
    this.shift = true;
    this.rows = this.rows.slice(this.rows.length - MOST_ROWS + PAGE);
    this.more_before = true;
    await tick();
  }

  private async alone(doing: () => Promise<void>): Promise<void> {
    if (this.loading) return;
    this.loading = true;
    try {
      await doing();
    } catch (thrown) {
      this.problem = asProblem(thrown);
    } finally {
      this.loading = false;
    }
  }

  private page(anchor: Anchor, before: number, after: number): Promise<ShownPage> {
    const offset_s = -60 * new Date().getTimezoneOffset();
    return call("timeline", { conversation: this.conversation, anchor, before, after, offset_s });
  }
}
