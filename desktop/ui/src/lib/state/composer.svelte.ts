// What is being written in a conversation. The core keeps the draft; here it is only on the way.
import { asProblem, call, stage as hand_over } from "$lib/api/transport";
import type { Priority, Shown, StagedFile } from "$lib/api/types";
import { toasts } from "$lib/parts/toasts.svelte";
import { m } from "$lib/words/messages";
import { host } from "./host.svelte";
import { giveBack, waiting } from "./staging";
import type { Timeline } from "./timeline.svelte";

const KEEP_AFTER_MS = 400;
const TYPING_EVERY_MS = 4_000;
let keeping: Promise<unknown> = Promise.resolve();

/** Resolves when the core has all drafts that were given to it. */
export const draftsKept = (): Promise<unknown> => keeping;

export class Composer {
  text = $state("");
  reply = $state.raw<Shown | null>(null);
  editing = $state.raw<Shown | null>(null);
  priority = $state<Priority>("normal");
  acknowledge = $state(false);
  staged = $state.raw<StagedFile[]>([]);
  /** Files are shown for review. */
  reviewing = $state(false);
  sending = $state(false);
  /** Where the caret goes when the text was set from here. */
  caret = $state<number | null>(null);

  private before_edit = "";
  private keeps: ReturnType<typeof setTimeout> | undefined;
  private told_typing = 0;

  constructor(
    readonly conversation: string,
    private readonly timeline: Timeline,
  ) {
    void this.fetchDraft();
  }

  readonly empty = $derived(this.text.trim() === "" && this.staged.length === 0);

  end(): void {
    // They were meant for this conversation, and no other takes them.
    giveBack(this.staged);
    this.keepNow();
    this.tellTyping(false);
  }

  write(text: string): void {
    this.text = text;
    if (this.editing) return;
    clearTimeout(this.keeps);
    this.keeps = setTimeout(() => this.keepNow(), KEEP_AFTER_MS);
    this.tellTyping(text.trim() !== "");
  }

  /** A message that was taken back is written on, with what it answers and how much it presses. */
  async restore(message: Shown, text: string): Promise<void> {
    this.cancelEdit();
    if (this.empty) {
      this.priority = message.priority ?? "normal";
      this.acknowledge = Boolean(message.acknowledgements);
      const answered = message.reply_to?.id;
      if (answered) this.reply = await this.find(answered);
    }
    this.write(this.text === "" ? text : `${text}\n${this.text}`);
    this.caret = this.text.length;
  }

  answer(message: Shown): void {
    this.cancelEdit();
    this.reply = message;
    this.write(this.text);
  }

  edit(message: Shown): void {
    if (!this.editing) this.before_edit = this.text;
    this.editing = message;
    this.reply = null;
    this.text = message.text;
    this.caret = message.text.length;
  }

  /** Escape: gives whether there was something to leave. */
  cancel(): boolean {
    if (this.editing) {
      this.cancelEdit();
      return true;
    }
    if (this.reply) {
      this.reply = null;
      this.write(this.text);
      return true;
    }
    return false;
  }

  async stage(files: Iterable<File>): Promise<void> {
    for (const file of files) {
      try {
        this.take([await hand_over(file)]);
      } catch (thrown) {
        toasts.problem(asProblem(thrown));
      }
    }
  }

  /** Lets the person choose files: in the system's dialog, from which bytes need not go through the page, or the browser's. */
  async attach(browse: () => void): Promise<void> {
    if (!host.state?.platform.native) return browse();
    try {
      this.take(await call("choose_files", {}));
    } catch (thrown) {
      toasts.problem(asProblem(thrown));
    }
  }

  unstage(files: readonly StagedFile[]): void {
    this.staged = this.staged.filter((file) => !files.includes(file));
    if (this.staged.length === 0) this.reviewing = false;
    giveBack(files);
  }

  async send(): Promise<void> {
    const text = this.text.trim();
    if (this.sending || this.empty) return;
    this.sending = true;
    try {
      if (this.editing) await this.sendEdit(this.editing, text);
      else await this.sendNew(text);
    } catch (thrown) {
      toasts.problem(asProblem(thrown));
    } finally {
      this.sending = false;
    }
  }

  private async sendEdit(editing: Shown, text: string): Promise<void> {
    if (text === "") return;
    if (text !== editing.text) {
      await call("edit", { conversation: this.conversation, message: editing.id, text });
    }
    this.cancelEdit();
  }

  private async sendNew(text: string): Promise<void> {
    const hold_ms = host.settings.undo_send_s * 1_000;
    const params = {
      conversation: this.conversation,
      text,
      reply_to: this.reply?.id ?? null,
      thread: null,
      priority: this.priority,
      acknowledge: this.acknowledge,
      expires_after_s: null,
      hold_ms: hold_ms > 0 ? hold_ms : null,
    };
    const staged = this.staged.map(({ id }) => id);
    // The field is free at once: whoever types on must not lose a letter.
    const kept = { text: this.text, reply: this.reply, priority: this.priority, acknowledge: this.acknowledge, staged: this.staged };
    this.clear();
    try {
      const sent = staged.length > 0 ? await call("send", { ...params, staged }) : await call("post", params);
      this.timeline.sent();
      if (hold_ms > 0) this.offerUndo(sent, hold_ms);
    } catch (thrown) {
      if (this.text === "") Object.assign(this, kept);
      throw thrown;
    }
  }

  private offerUndo(sent: Shown, hold_ms: number): void {
    const undo = async (): Promise<void> => {
      try {
        const text = await call("take_back", { conversation: this.conversation, message: sent.id });
        await this.restore(sent, text);
      } catch (thrown) {
        toasts.problem(asProblem(thrown));
      }
    };
    toasts.show({ text: m.sending_soon(), action: { label: m.undo(), do: () => void undo() } }, hold_ms);
  }

  private clear(): void {
    clearTimeout(this.keeps);
    this.text = "";
    this.reply = null;
    this.priority = "normal";
    this.acknowledge = false;
    this.staged = [];
    this.reviewing = false;
    this.tellTyping(false);
    this.keepNow();
  }

  private cancelEdit(): void {
    if (!this.editing) return;
    this.editing = null;
    this.text = this.before_edit;
    this.before_edit = "";
    this.caret = this.text.length;
  }

  /** Shows files for review that the host holds. */
  take(files: readonly StagedFile[]): void {
    const fresh = waiting(files).filter(({ id }) => !this.staged.some((held) => held.id === id));
    if (fresh.length === 0) return;
    this.staged = [...this.staged, ...fresh];
    this.reviewing = true;
  }

  private async fetchDraft(): Promise<void> {
    const draft = await call("draft", { conversation: this.conversation }).catch(() => null);
    if (!draft || this.text !== "") return;
    this.text = draft.text;
    if (draft.reply_to) {
      this.reply = await this.find(draft.reply_to);
    }
  }

  private find(message: string): Promise<Shown | null> {
    return call("message", { conversation: this.conversation, message }).catch(() => null);
  }

  private keepNow(): void {
    clearTimeout(this.keeps);
    const text = this.editing ? this.before_edit : this.text;
    keeping = call("set_draft", { conversation: this.conversation, text, reply_to: this.reply?.id ?? null }).catch(() => undefined);
  }

  private tellTyping(on: boolean): void {
    const now = Date.now();
    if (on ? now - this.told_typing < TYPING_EVERY_MS : this.told_typing === 0) return;
    this.told_typing = on ? now : 0;
    void call("typing", { conversation: this.conversation, on }).catch(() => undefined);
  }
}

