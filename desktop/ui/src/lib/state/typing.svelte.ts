// Who types where. It is told every four seconds and fades after six.
import { listen } from "$lib/api/transport";
import { SvelteMap } from "svelte/reactivity";

const FADES_MS = 6_000;

class Typing {
  private readonly now = new SvelteMap<string, string[]>();
  private readonly ends = new Map<string, ReturnType<typeof setTimeout>>();

  start(): () => void {
    const stop = listen((event) => {
      if (event.event === "typing") this.set(event.conversation, event.handle, event.on);
      else if (event.event === "message") this.set(event.conversation, event.sender, false);
    });
    return () => {
      stop();
      for (const end of this.ends.values()) clearTimeout(end);
      this.ends.clear();
      this.now.clear();
    };
  }

  in(conversation: string): string[] {
    return this.now.get(conversation) ?? [];
  }

  private set(conversation: string, handle: string, on: boolean): void {
    const key = `${conversation} ${handle}`;
    clearTimeout(this.ends.get(key));
    this.ends.delete(key);
    const others = this.in(conversation).filter((other) => other !== handle);
    if (on) this.ends.set(key, setTimeout(() => this.set(conversation, handle, false), FADES_MS));
    if (on || others.length !== this.in(conversation).length) {
      this.now.set(conversation, on ? [...others, handle] : others);
    }
  }
}

export const typing = new Typing();
