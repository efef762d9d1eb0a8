// A question to the core whose answer a screen shows: not asked yet, under way, answered, failed.
import { asProblem, type CallError } from "$lib/api/transport";
import { toasts } from "$lib/parts/toasts.svelte";

export class Asked<T> {
  value = $state.raw<T | null>(null);
  problem = $state.raw<CallError | null>(null);
  busy = $state(false);
  private turn = 0;

  constructor(private readonly ask: () => Promise<T>) {}

  /** Asks again; an answer that a later question overtook is dropped. */
  load = async (): Promise<void> => {
    const turn = (this.turn += 1);
    this.busy = true;
    try {
      const value = await this.ask();
      if (turn !== this.turn) return;
      this.value = value;
      this.problem = null;
    } catch (thrown) {
      if (turn === this.turn) this.problem = asProblem(thrown);
    } finally {
      if (turn === this.turn) this.busy = false;
    }
  };
}

/** Runs a call for the person, and tells if it fails; gives whether it went well. */
export async function attempt(doing: () => Promise<unknown>, said?: string): Promise<boolean> {
  try {
    await doing();
    if (said) toasts.show({ text: said });
    return true;
  } catch (thrown) {
    toasts.problem(asProblem(thrown));
    return false;
  }
}

/** Puts text into the clipboard, and says so. */
export async function copy(text: string, said: string): Promise<void> {
  await attempt(() => navigator.clipboard.writeText(text), said);
}
