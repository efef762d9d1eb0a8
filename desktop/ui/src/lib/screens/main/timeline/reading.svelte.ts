// Where the person reads: at the end or away from it, what was seen, and how to get to a message.
import { tick } from "svelte";
import type { VirtualizerHandle } from "virtua/svelte";
import { call } from "$lib/api/transport";
import { soon } from "$lib/state/soon";
import { isLine, lastPlace } from "$lib/state/pages";
import type { Timeline } from "$lib/state/timeline.svelte";
import { dayOf } from "$lib/text/format";

/** Nearer to an end than this, in pixels, more is loaded. */
const NEAR_PX = 1_200;
/** Nearer to the end than this, the list stays there. */
const AT_END_PX = 48;
const MARKED_MS = 1_600;
const FLOATS_MS = 1_400;

export class Reading {
  /** The end is far: there is a button to get there. */
  away = $state(false);
  /** The day at the top while the list moves. */
  floating = $state<number | null>(null);
  /** The message that was jumped to. */
  marked = $state<string | null>(null);
  focused = $state<string | null>(null);
  /** The message whose actions show. */
  bar = $state<string | null>(null);
  /** Rows that stay in the document though they are out of sight. */
  readonly kept = $derived.by(() => {
    const at = this.focused === null ? -1 : this.timeline.index(this.focused);
    return at < 0 ? [] : [at];
  });

  private stuck = true;
  private begun = false;
  private floats: ReturnType<typeof setTimeout> | undefined;
  private last_offset = 0;
  private readonly mark = soon(() => this.markRead(), 250);

  constructor(
    private readonly conversation: string,
    private readonly timeline: Timeline,
    private readonly list: () => VirtualizerHandle | undefined,
    private readonly scroller: () => HTMLElement | undefined,
  ) {}

  /** Opens at the first unread message, or at the end. */
  async begin(): Promise<void> {
    if (this.begun) return;
    this.begun = true;
    // Where it stands is known only then: until then nothing follows the end.
    this.stuck = false;
    const place = await this.timeline.load({ at: "unread" });
    await tick();
    const unread = this.timeline.rows.findIndex((row) => row.row === "unread");
    this.stuck = place === 0;
    if (this.stuck || unread < 0) await this.scrollToEnd();
    else this.list()?.scrollToIndex(unread, { align: "start", offset: -64 });
    this.look();
  }

  async jump(message: string, focus = true): Promise<void> {
    this.begun = true;
    this.stuck = false;
    if (this.timeline.index(message) < 0) {
      await this.timeline.load({ at: "message", of: message });
      await tick();
    }
    const at = this.timeline.index(message);
    if (at < 0) return;
    this.list()?.scrollToIndex(at, { align: "center" });
    this.marked = message;
    setTimeout(() => {
      if (this.marked === message) this.marked = null;
    }, MARKED_MS);
    if (focus) this.focus(message);
  }

  async toEnd(): Promise<void> {
    if (this.timeline.more_after) await this.timeline.load({ at: "newest" });
    this.stuck = true;
    await this.scrollToEnd();
    this.look();
  }

  async toMention(): Promise<void> {
    const { missed } = this.timeline;
    const [first, ...rest] = missed.mentions;
    missed.mentions = rest;
    if (first !== undefined) await this.jump(first.id);
  }

  /** Rows have changed: whoever was at the end stays there. */
  async follow(): Promise<void> {
    await tick();
    if (this.stuck && !this.timeline.more_after) await this.scrollToEnd();
    this.look();
  }

  scrolled(): void {
    const list = this.list();
    if (!list) return;
    const offset = list.getScrollOffset();
    const moved = offset !== this.last_offset;
    const up = offset < this.last_offset;
    this.last_offset = offset;
    if (up && this.below() > AT_END_PX) this.stuck = false;
    this.look();
    if (moved && !this.stuck) this.float();
  }

  /** A picture or a text got another height. */
  resized(): void {
    if (this.stuck) void this.scrollToEnd().then(() => this.look());
  }

  /** The focus goes to the message before or after. */
  async step(from: string | null, by: 1 | -1): Promise<void> {
    const { rows } = this.timeline;
    let at = from === null ? (by < 0 ? rows.length : -1) : this.timeline.index(from);
    do at += by;
    while (at >= 0 && at < rows.length && rows[at]?.row !== "line");
    const row = rows[at];
    if (!row || !isLine(row)) return;
    this.list()?.scrollToIndex(at, { align: "nearest" });
    await tick();
    this.focus(row.message.id);
  }

  focus(message: string, tries = 8): void {
    const found = this.scroller()?.querySelector<HTMLElement>(`[data-message="${CSS.escape(message)}"]`);
    if (found) found.focus({ preventScroll: true });
    else if (tries > 0) requestAnimationFrame(() => this.focus(message, tries - 1));
  }

  /** The window is looked at again: what stands in it is read. */
  returned(): void {
    if (this.begun) this.look();
  }

  private below(): number {
    const list = this.list();
    return list ? list.getScrollSize() - list.getScrollOffset() - list.getViewportSize() : 0;
  }

  private look(): void {
    const list = this.list();
    if (!list) return;
    const below = this.below();
    const at_end = !this.timeline.more_after && below <= AT_END_PX;
    if (at_end) this.stuck = true;
    this.away = this.timeline.more_after || below > list.getViewportSize() / 2;
    if (at_end) {
      this.timeline.missed.none();
      this.mark();
    } else this.pass(list);
    if (list.getScrollOffset() < NEAR_PX) void this.timeline.older();
    if (below < NEAR_PX) void this.timeline.newer();
  }

  /** What stands above the lower edge was in sight. */
  private pass(list: VirtualizerHandle): void {
    const { rows, missed } = this.timeline;
    const lowest = list.findItemIndex(list.getScrollOffset() + list.getViewportSize()) - 1;
    const place = lastPlace(rows.slice(0, lowest + 1));
    if (place !== null) missed.reach(place, rows);
  }

  private float(): void {
    const list = this.list();
    if (!list) return;
    const first = this.timeline.rows[list.findItemIndex(list.getScrollOffset())];
    if (!first || first.row === "unread") return;
    this.floating = first.row === "day" ? null : dayOf(first.message.at_ms);
    clearTimeout(this.floats);
    this.floats = setTimeout(() => (this.floating = null), FLOATS_MS);
  }

  private async scrollToEnd(): Promise<void> {
    const last = this.timeline.rows.length - 1;
    if (last >= 0) this.list()?.scrollToIndex(last, { align: "end" });
    await tick();
    const scroller = this.scroller();
    // The padding below the last row belongs to the end too.
    if (scroller) scroller.scrollTop = scroller.scrollHeight;
  }

  private async markRead(): Promise<void> {
    if (!document.hasFocus() || document.visibilityState !== "visible") return;
    await call("mark_read", { conversation: this.conversation }).catch(() => undefined);
  }
}
