// Links that the system handed to the app. Nothing happens before the person has confirmed.
import { call, listen } from "$lib/api/transport";
import type { DeepLink } from "$lib/api/types";
import { attempt } from "./asked.svelte";

class Links {
  pending = $state.raw<DeepLink | null>(null);

  start(): () => void {
    // One may have come before this listened: with the start of the app, or while it was locked.
    void call("waiting_link", {}).then((link) => (this.pending ??= link)).catch(() => undefined);
    return listen((event) => {
      if (event.event === "link") this.pending = event.link;
    });
  }

  async confirm(): Promise<boolean> {
    const link = this.pending;
    if (!link) return false;
    const went = await attempt(() => call("confirm_link", { link: link.link }));
    if (went) this.pending = null;
    return went;
  }

  dismiss(): void {
    if (!this.pending) return;
    this.pending = null;
    void call("dismiss_link", {}).catch(() => undefined);
  }

  /** Takes an invitation for the first run, which confirms it itself. */
  takeInvitation(): string {
    const link = this.pending;
    if (link?.kind !== "join") return "";
    this.dismiss();
    return link.link;
  }
}

export const links = new Links();
