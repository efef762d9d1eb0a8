// Updates of the app: what is known, and what the person put off.
import { asProblem, call, listen } from "$lib/api/transport";
import type { UpdateState } from "$lib/api/types";
import { toasts } from "$lib/parts/toasts.svelte";

class Updates {
  now = $state.raw<UpdateState | null>(null);
  /** The version of which the person wants to hear no more until the next start. */
  later = $state("");

  start(): () => void {
    // Whoever cannot be asked tells by events.
    void call("update", {}).then((now) => (this.now = now)).catch(() => undefined);
    return listen((event) => {
      if (event.event === "update") this.now = event.update;
    });
  }

  install = (): Promise<void> => this.run("install_update");
  check = (): Promise<void> => this.run("check_update");

  private async run(method: "install_update" | "check_update"): Promise<void> {
    try {
      this.now = await call(method, {});
      if (this.now.problem) toasts.problem(this.now.problem);
    } catch (thrown) {
      toasts.problem(asProblem(thrown));
    }
  }
}

export const updates = new Updates();
