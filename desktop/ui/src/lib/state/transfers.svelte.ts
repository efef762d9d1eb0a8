// Files on their way.
import { asProblem, call, listen } from "$lib/api/transport";
import type { TransferInfo } from "$lib/api/types";
import { toasts } from "$lib/parts/toasts.svelte";
import { SvelteMap, SvelteSet } from "svelte/reactivity";

class Transfers {
  /** By attachment. */
  private readonly now = new SvelteMap<number, TransferInfo>();
  /** Arrived since the profile was opened; messages learn of it only when they are loaded anew. */
  private readonly here = new SvelteSet<number>();

  start(): () => void {
    void call("transfers", {}).then((all) => all.forEach((one) => this.take(one))).catch(() => undefined);
    const stop = listen((event) => {
      if (event.event === "transfer") this.take(event);
    });
    return () => {
      stop();
      this.now.clear();
      this.here.clear();
    };
  }

  of(attachment: number): TransferInfo | undefined {
    return this.now.get(attachment);
  }

  arrived(attachment: number): boolean {
    return this.here.has(attachment);
  }

  async download(attachment: number): Promise<void> {
    await call("download", { attachment }).catch((thrown: unknown) => toasts.problem(asProblem(thrown)));
  }

  async cancel(transfer: number): Promise<void> {
    await call("cancel_transfer", { transfer }).catch((thrown: unknown) => toasts.problem(asProblem(thrown)));
  }

  private take(transfer: TransferInfo): void {
    if (transfer.state === "done" && transfer.direction === "download") this.here.add(transfer.attachment);
    if (transfer.state === "done" || transfer.state === "cancelled") this.now.delete(transfer.attachment);
    else this.now.set(transfer.attachment, transfer);
  }
}

export const transfers = new Transfers();
