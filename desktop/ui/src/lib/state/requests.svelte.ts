// Who asks to be let into a conversation.
import { call, listen } from "$lib/api/transport";
import type { JoinRequestInfo } from "$lib/api/types";
import { attempt } from "./asked.svelte";
import { soon } from "./soon";

class Requests {
  all = $state.raw<JoinRequestInfo[]>([]);
  private turn = 0;
  private readonly later = soon(() => this.load());

  start(): () => void {
    void this.load();
    const stop = listen(({ event }) => {
      if (event === "join_request" || event === "conversation" || event === "lag") this.later();
    });
    return () => {
      stop();
      this.turn += 1;
      this.all = [];
    };
  }

  async load(): Promise<void> {
    const { turn } = this;
    const all = await call("join_requests", {}).catch(() => null);
    if (all && turn === this.turn) this.all = all;
  }

  async admit(number: number): Promise<void> {
    await attempt(() => call("admit", { number }));
    await this.load();
  }

  async refuse(number: number): Promise<void> {
    await attempt(() => call("refuse", { number }));
    await this.load();
  }
}

export const requests = new Requests();
