// The directory's log: reading what is new of it and checking it, on this device.
import { asProblem, call, type CallError } from "$lib/api/transport";
import type { DirectoryLogInfo } from "$lib/api/types";

export type ProofState = "idle" | "running" | "ok" | "unavailable" | "conflict";

class Proof {
  log = $state.raw<DirectoryLogInfo | null>(null);
  problem = $state.raw<CallError | null>(null);
  /** When it was checked last in this window. */
  checked_at = $state<number | null>(null);
  private running = $state(false);
  private asked = $state(false);

  readonly state = $derived.by((): ProofState => {
    if (this.running) return "running";
    if (this.log?.conflict) return "conflict";
    if (this.problem || (this.asked && this.log === null)) return "unavailable";
    return this.checked_at === null ? "idle" : "ok";
  });

  /** What this device knows already. */
  known(log: DirectoryLogInfo | null): void {
    if (log) this.log = log;
  }

  forget(): void {
    this.log = null;
    this.problem = null;
    this.checked_at = null;
    this.asked = false;
  }

  async check(): Promise<void> {
    if (this.running) return;
    this.running = true;
    this.problem = null;
    try {
      this.log = await call("check_directory_log", {});
      this.asked = true;
      if (this.log) this.checked_at = Date.now();
    } catch (thrown) {
      this.problem = asProblem(thrown);
      // A conflict is kept in the core, and shown whatever the network says.
      this.log = await call("compliance", {}).then(({ log }) => log, () => this.log);
    } finally {
      this.running = false;
    }
  }
}

export const proof = new Proof();
