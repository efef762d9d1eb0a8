// Names of people as this device knows them.
import { call, listen } from "$lib/api/transport";
import type { ContactInfo, MemberInfo } from "$lib/api/types";
import { host } from "./host.svelte";
import { soon } from "./soon";

class People {
  contacts = $state.raw<Map<string, ContactInfo>>(new Map());

  private turn = 0;
  private readonly later = soon(() => this.load(), 400);

  start(): () => void {
    void this.load();
    const stop = listen(({ event }) => {
      if (event === "conversation" || event === "warning" || event === "lag") this.later();
    });
    return () => {
      stop();
      this.turn += 1;
      this.contacts = new Map();
    };
  }

  async load(): Promise<void> {
    const { turn } = this;
    const all = await call("contacts", {}).catch(() => null);
    if (all && turn === this.turn) this.contacts = new Map(all.map((contact) => [contact.handle, contact]));
  }

  /** Whether the key that a member stands there with is the one that was compared: a handle can be given anew. */
  verified({ handle, fingerprint }: MemberInfo): boolean {
    const contact = this.contacts.get(handle);
    return contact !== undefined && contact.verified && contact.fingerprint === fingerprint;
  }

  /** Nickname, or the handle; without the organisation where it is one's own. */
  name(handle: string): string {
    const nickname = this.contacts.get(handle)?.nickname;
    if (nickname) return nickname;
    const [name, organisation] = handle.split("@");
    return organisation !== undefined && organisation === host.me.split("@")[1] ? (name ?? handle) : handle;
  }
}

export const people = new People();
