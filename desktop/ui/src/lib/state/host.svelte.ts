// What the host says of itself, and how the app looks.
import { asProblem, call, listen, type CallError } from "$lib/api/transport";
import type { HostState, Settings } from "$lib/api/types";
import { language } from "$lib/text/language.svelte";

const DEFAULTS: Settings = {
  theme: "system",
  contrast: "system",
  density: "comfortable",
  language: "system",
  zoom: 100,
  notifications: "name",
  enter_sends: true,
  lock_after_min: 0,
  close_to_tray: true,
  start_minimised: false,
  autostart: false,
  undo_send_s: 0,
  spellcheck: true,
  link_previews: false,
};

class Host {
  state = $state.raw<HostState | null>(null);
  settings = $state.raw<Settings>(DEFAULTS);
  /** Why the host could not be reached at all. */
  problem = $state.raw<CallError | null>(null);

  readonly me = $derived(this.state?.account?.handle ?? "");
  readonly online = $derived(this.state?.connection?.state === "online");

  async start(): Promise<void> {
    listen((event) => {
      if (event.event === "state") this.state = event.state;
      else if (event.event === "settings") this.apply(event.settings);
      else if (event.event === "connection" && this.state) {
        const { event: _, ...connection } = event;
        this.state = { ...this.state, connection };
      } else if (event.event === "lag") void this.load();
    });
    await this.load();
  }

  async load(): Promise<void> {
    try {
      this.apply(await call("settings", {}));
      this.state = await call("state", {});
      this.problem = null;
    } catch (thrown) {
      this.problem = asProblem(thrown);
    }
  }

  async change(fields: Partial<Settings>): Promise<void> {
    this.apply({ ...this.settings, ...fields });
    this.apply(await call("change_settings", fields));
  }

  private apply(settings: Settings): void {
    this.settings = settings;
    language.choose(settings.language);
  }
}

export const host = new Host();
