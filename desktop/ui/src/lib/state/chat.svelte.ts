// The open conversation: its head, its history and what is being written in it.
import { asProblem, call, listen } from "$lib/api/transport";
import type { ConversationHead, MemberInfo, Shown } from "$lib/api/types";
import { toasts } from "$lib/parts/toasts.svelte";
import { m } from "$lib/words/messages";
import { Composer } from "./composer.svelte";
import { soon } from "./soon";
import { Timeline } from "./timeline.svelte";

export class Chat {
  head = $state.raw<ConversationHead | null>(null);
  members = $state.raw<MemberInfo[]>([]);
  readonly timeline: Timeline;
  readonly composer: Composer;

  private ended = false;
  private readonly stop: () => void;
  private readonly later = soon(() => this.load());

  constructor(readonly id: string) {
    this.timeline = new Timeline(id);
    this.composer = new Composer(id, this.timeline);
    void this.load();
    this.stop = listen((event) => {
      if (event.event === "lag" || (event.event === "conversation" && event.id === id)) this.later();
    });
  }

  end(): void {
    this.ended = true;
    this.stop();
    this.composer.end();
    this.timeline.end();
  }

  /** Handles of agents and custodians get a badge wherever they are named. */
  kind = (handle: string): "person" | "agent" | "custodian" => {
    if (this.head?.agents.includes(handle)) return "agent";
    if (this.head?.custodians.includes(handle)) return "custodian";
    return "person";
  };

  readonly others = $derived(Math.max(0, (this.head?.info.member_count ?? 1) - 1));

  may(action: string): boolean {
    return this.head?.may[action] ?? false;
  }

  private async load(): Promise<void> {
    try {
      const head = await call("conversation_head", { conversation: this.id });
      if (this.ended) return;
      this.head = head;
      if (head.policy) this.members = await call("members", { conversation: this.id });
    } catch (thrown) {
      if (!this.ended) toasts.problem(asProblem(thrown));
    }
  }

  // What can be done with a message. Each tells if it fails.

  react = (message: Shown, emoji: string, on: boolean): Promise<void> =>
    told(call("react", { ...this.of(message), emoji, on }));

  remove = (message: Shown): Promise<void> => told(call("delete_message", this.of(message)));

  acknowledge = (message: Shown): Promise<void> => told(call("acknowledge", this.of(message)));

  /** Puts a message that was not sent back into the composer. */
  takeBack = async (message: Shown): Promise<void> => {
    await told(call("take_back", this.of(message)).then((text) => this.composer.restore(message, text)));
  };

  /** Sends a message that failed once more, with its files. */
  retry = (message: Shown): Promise<void> => told(call("send_again", this.of(message)).then(() => undefined));

  discard = (message: Shown): Promise<void> => told(call("take_back", this.of(message)));

  copy = async (text: string): Promise<void> => {
    await told(navigator.clipboard.writeText(text));
    toasts.show({ text: m.copied() });
  };

  private of(message: Shown): { conversation: string; message: string } {
    return { conversation: this.id, message: message.id };
  }
}

async function told(doing: Promise<unknown>): Promise<void> {
  try {
    await doing;
  } catch (thrown) {
    toasts.problem(asProblem(thrown));
  }
}
