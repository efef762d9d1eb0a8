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

const MOST = 8;
const HOUR_MS = 3_600_000;

export class Suggestions {
  list = $state.raw<Suggestion[]>([]);
  at = $state(0);
  private trigger: Trigger | null = null;
  private closed_for: string | null = null;

  constructor(private readonly chat: Chat) {}

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

  step(by: number): void {
    this.at = (this.at + by + this.list.length) % this.list.length;
  }

  choose(chosen: Suggestion | undefined): void {
    const { trigger } = this;
    this.list = [];
    if (!trigger || !chosen) return;
    const { composer } = this.chat;
    if (chosen.do) {
      composer.write("");
      chosen.do();
      return;
    }
    const { text, caret } = completed(composer.text, trigger, chosen.put ?? "");
    composer.write(text);
    composer.caret = caret;
  }

  private async find({ kind, text }: Trigger): Promise<Suggestion[]> {
    const wanted = text.toLowerCase();
    if (kind === "emoji") {
      const found = findEmoji(await allEmoji(language.tag), text, MOST);
      return found.map(({ emoji, label, words }) => ({ key: emoji, label: `:${words[0] ?? label}:`, about: label, emoji, put: emoji }));
    }
    if (kind === "command") return this.commands().filter(({ key }) => key.startsWith(wanted));
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
      command("mute", m.mute_for({ span: "8 h" }), () => run(call("mute", { conversation, until: Date.now() + 8 * HOUR_MS }))),
      command("search", m.key_search(), () => (view.panel = { kind: "search" })),
      command("unmute", m.unmute(), () => run(call("mute", { conversation, until: null }))),
      command("urgent", m.urgent(), () => (composer.priority = "urgent")),
    ];
  }
}
