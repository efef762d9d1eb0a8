// Where the person is: which conversation, which panel beside it, what lies above everything.
import { host } from "./host.svelte";

export type Section = "chats" | "organisation" | "compliance";

export type Panel =
  | { kind: "details" }
  | { kind: "person"; handle: string }
  | { kind: "thread"; message: string }
  | { kind: "message"; message: string }
  | { kind: "files" }
  | { kind: "search"; query?: string }
  | { kind: "security" };

export type Overlay =
  | { kind: "switcher"; text?: string }
  | { kind: "settings"; page?: string }
  | { kind: "shortcuts" }
  | { kind: "new_conversation" }
  | { kind: "link"; href: string; deceptive: boolean }
  | { kind: "viewer"; attachment: number; name: string }
  | { kind: "forward"; attachment: number };

interface Place {
  conversation: string | null;
  message: string | null;
}

const NARROW_PX = 720;
const MOST_PLACES = 50;

class View {
  section = $state<Section>("chats");
  conversation = $state<string | null>(null);
  /** A message to show and to mark for a moment. */
  jump = $state.raw<{ message: string } | null>(null);
  panel = $state.raw<Panel | null>(null);
  overlay = $state.raw<Overlay | null>(null);
  width = $state(globalThis.innerWidth);

  /** One pane at a time. */
  readonly narrow = $derived(this.width / this.zoom < NARROW_PX);

  get zoom(): number {
    return host.settings.zoom / 100;
  }

  private past: Place[] = [];
  private future: Place[] = [];

  open(conversation: string | null, message: string | null = null): void {
    if (conversation === this.conversation && message === null && this.section === "chats") return;
    if (conversation !== this.conversation) {
      this.past = [...this.past, this.place()].slice(-MOST_PLACES);
      this.future = [];
    }
    this.go({ conversation, message });
  }

  back(): void {
    const place = this.past.pop();
    if (!place) return;
    this.future.push(this.place());
    this.go(place);
  }

  forward(): void {
    const place = this.future.pop();
    if (!place) return;
    this.past.push(this.place());
    this.go(place);
  }

  show(section: Section): void {
    this.section = section;
    this.panel = null;
  }

  toggle(panel: Panel): void {
    this.panel = this.panel?.kind === panel.kind ? null : panel;
  }

  private place(): Place {
    return { conversation: this.conversation, message: null };
  }

  private go({ conversation, message }: Place): void {
    if (conversation !== this.conversation) this.panel = null;
    this.section = "chats";
    this.conversation = conversation;
    this.jump = message === null ? null : { message };
  }
}

export const view = new View();
