// The list under the text field: people, emoji and commands that fit what is being written.
import { asProblem, call } from "$lib/api/transport";
import { toasts } from "$lib/parts/toasts.svelte";
import type { Chat } from "$lib/state/chat.svelte";
import { conversations } from "$lib/state/conversations.svelte";
import { host } from "$lib/state/host.svelte";
import { people } from "$lib/state/people.svelte";
import { view } from "$lib/state/view.svelte";
import { completed, triggerAt, type Trigger } from "$lib/text/complete";
import { allEmoji, findEmoji } from "$lib/text/emoji";
import { span } from "$lib/text/format";
import { language } from "$lib/text/language.svelte";
import { m } from "$lib/words/messages";

export interface Suggestion {
  key: string;
  label: string;
  about: string;
  emoji?: string;
  person?: string;
  /** What is put into the text, or what is done instead. */
  put?: string;
  do?: () => void;
}

/** The text that is being written. */
export interface Writing {
  readonly text: string;
  write: (text: string) => void;
  /** Where the caret goes. */
  caret: number | null;
}

const MOST = 8;
const MUTED_S = 8 * 3_600;

export class Suggestions {
  list = $state.raw<Suggestion[]>([]);
  at = $state(0);
  private trigger: Trigger | null = null;
  private closed_for: string | null = null;

  /** Commands are for the whole conversation: only its own composer takes them. */
  constructor(private readonly chat: Chat, private readonly into: Writing = chat.composer) {}

  get open(): boolean {
    return this.list.length > 0;
  }

  async look(text: string, caret: number): Promise<void> {
    const trigger = triggerAt(text, caret);
    this.trigger = trigger;
    const key = trigger && `${trigger.kind} ${trigger.from}`;
    if (!trigger || key === this.closed_for) {
      if (!trigger) this.closed_for = null;
      this.list = [];
      return;
    }
    const list = await this.find(trigger);
    if (this.trigger !== trigger) return;
    this.list = list;
    this.at = 0;
  }

  /** Escape: not for this word again. */
  close(): void {
    if (this.trigger) this.closed_for = `${this.trigger.kind} ${this.trigger.from}`;
    this.list = [];
  }

  /** Whether a key was meant for the list. */
  take(event: KeyboardEvent): boolean {
    if (!this.open) return false;
    if (event.key === "ArrowDown") this.step(1);
    else if (event.key === "ArrowUp") this.step(-1);
    else if ((event.key === "Enter" && !event.shiftKey) || event.key === "Tab") this.choose(this.list[this.at]);
    else if (event.key === "Escape") this.close();
    else return false;
    return true;
  }

  private step(by: number): void {
    this.at = (this.at + by + this.list.length) % this.list.length;
  }

  choose(chosen: Suggestion | undefined): void {
    const { trigger } = this;
    this.list = [];
    if (!trigger || !chosen) return;
    if (chosen.do) {
      this.into.write("");
      chosen.do();
      return;
    }
    const { text, caret } = completed(this.into.text, trigger, chosen.put ?? "");
    this.into.write(text);
    this.into.caret = caret;
  }

  private async find({ kind, text }: Trigger): Promise<Suggestion[]> {
    const wanted = text.toLowerCase();
    if (kind === "emoji") {
      const found = findEmoji(await allEmoji(language.tag), text, MOST);
      return found.map(({ emoji, label, words }) => ({ key: emoji, label: `:${words[0] ?? label}:`, about: label, emoji, put: emoji }));
    }
    if (kind === "command") return this.into !== this.chat.composer ? [] : this.commands().filter(({ key }) => key.startsWith(wanted));
    const all: Suggestion[] = this.chat.members
      .filter(({ handle, kind: what }) => handle !== host.me && what !== "custodian")
      .map(({ handle }) => ({ key: handle, label: people.name(handle), about: handle, person: handle, put: `@${this.short(handle)}` }));
    all.push({ key: "all", label: "@all", about: m.everybody_here(), put: "@all" });
    return all.filter(({ label, key }) => label.toLowerCase().startsWith(wanted) || key.startsWith(wanted)).slice(0, MOST);
  }

  /** Without the organisation if no other member has that name. */
  private short(handle: string): string {
    const first = handle.split("@")[0] ?? handle;
    return this.chat.members.filter((member) => member.handle.startsWith(`${first}@`)).length > 1 ? handle : first;
  }

  private commands(): Suggestion[] {
    const { composer, id: conversation } = this.chat;
    const run = (doing: Promise<unknown>): void =>
      void conversations.change(doing.catch((thrown: unknown) => toasts.problem(asProblem(thrown))));
    const command = (key: string, about: string, act: () => void): Suggestion => ({ key, label: `/${key}`, about, do: act });
    return [
      command("acknowledge", m.ask_acknowledgement(), () => (composer.acknowledge = true)),
      command("archive", m.archive(), () => run(call("archive", { conversation, archived: true }))),
      command("details", m.key_details(), () => (view.panel = { kind: "details" })),
      command("important", m.important(), () => (composer.priority = "important")),
      command("mute", m.mute_for({ span: span(MUTED_S) }), () => run(call("mute", { conversation, until: Date.now() + MUTED_S * 1_000 }))),
      command("search", m.key_search(), () => (view.panel = { kind: "search" })),
      command("unmute", m.unmute(), () => run(call("mute", { conversation, until: null }))),
      command("urgent", m.urgent(), () => (composer.priority = "urgent")),
    ];
  }
}
