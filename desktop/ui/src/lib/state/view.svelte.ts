// Where the person is: which conversation, which panel beside it, what lies above everything.
import { host } from "./host.svelte";
import { StoredNumber } from "./stored.svelte";

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
const RAIL_PX = 52;
/** Less of a conversation than this beside a panel is of no use. */
const LEAST_PX = 400;
const MOST_PLACES = 50;

class View {
  section = $state<Section>("chats");
  conversation = $state<string | null>(null);
  /** A message to show and to mark for a moment; with `focus` the keys are there then. */
  jump = $state.raw<{ message: string; focus: boolean } | null>(null);
  panel = $state.raw<Panel | null>(null);
  overlay = $state.raw<Overlay | null>(null);
  width = $state(globalThis.innerWidth);
  readonly list_width = new StoredNumber("list-width", 304, 220, 480);
  readonly panel_width = new StoredNumber("panel-width", 352, 280, 560);

  /** One pane at a time. */
  readonly narrow = $derived(this.width / this.zoom < NARROW_PX);
  /** The panel that is open lies over the conversation: even the narrowest leaves too little beside it. */
  readonly covered = $derived(
    this.panel !== null && (this.narrow || this.width / this.zoom - RAIL_PX - this.list_width.value - this.panel_width.bounds[0] < LEAST_PX),
  );

  get zoom(): number {
    return host.settings.zoom / 100;
  }

  private past: Place[] = [];
  private future: Place[] = [];

  /** Shows a conversation; without `focus`, whoever steps through a list of messages stays in it. */
  open(conversation: string | null, message: string | null = null, focus = true): void {
    if (focus && this.covered) this.panel = null;
    if (conversation === this.conversation && message === null && this.section === "chats") return;
    if (conversation !== this.conversation) {
      this.past = [...this.past, this.place()].slice(-MOST_PLACES);
      this.future = [];
    }
    this.go({ conversation, message }, focus);
  }

  back(): void {
    if (this.section !== "chats") return this.show("chats");
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

  /** Opens a panel, wherever the person is; of a conversation only beside one. */
  beside(panel: Panel): void {
    if (this.conversation === null && panel.kind !== "search" && panel.kind !== "person") return;
    this.section = "chats";
    this.panel = panel;
  }

  toggle(panel: Panel): void {
    if (this.section === "chats" && this.panel?.kind === panel.kind) this.panel = null;
    else this.beside(panel);
  }

  /** The profile was closed: nothing of it is shown when one is opened again, but the place. */
  leave(): void {
    this.overlay = null;
    this.panel = null;
    this.jump = null;
    this.section = "chats";
  }

  /** The profile is gone, and with it every place. */
  forget(): void {
    this.conversation = null;
    this.past = [];
    this.future = [];
  }

  private place(): Place {
    return { conversation: this.conversation, message: null };
  }

  private go({ conversation, message }: Place, focus = true): void {
    // Results of a search lead through many conversations.
    if (conversation !== this.conversation && (message === null || this.panel?.kind !== "search")) this.panel = null;
    this.section = "chats";
    this.conversation = conversation;
    this.jump = message === null ? null : { message, focus };
  }
}

export const view = new View();
