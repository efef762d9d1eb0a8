// Messages of others in the open conversation that were not in sight yet: how many, and which of
// them mention this person.
import { call } from "$lib/api/transport";
import type { MessagePlace, Shown, ShownRow } from "$lib/api/types";
import { isLine } from "./pages";

export class Missed {
  messages = $state(0);
  /** The oldest first. */
  mentions = $state.raw<MessagePlace[]>([]);
  /** Up to here everything was in sight, or was read before. */
  private reached = 0;
  private in_sight = 0;
  private turn = 0;

  constructor(private readonly conversation: string) {}

  /** The end is in sight. */
  none(): void {
    this.turn += 1;
    this.messages = 0;
    this.mentions = [];
  }

  add(message: Shown): void {
    this.messages += 1;
    if (message.mentions_me) this.mentions = [...this.mentions, message];
  }

  /** Begins with what the conversation has unread; `rows` are those that are held then. */
  async count(rows: () => readonly ShownRow[]): Promise<void> {
    const turn = (this.turn += 1);
    const info = await call("conversation", { conversation: this.conversation }).catch(() => null);
    if (!info || turn !== this.turn) return;
    this.messages = info.unread;
    this.reached = info.read_position;
    this.reach(this.in_sight, rows());
    if (info.mentions_unread === 0) return;
    const found = await call("unread_mentions", { conversation: this.conversation }).catch(() => []);
    if (turn === this.turn) this.mentions = found.filter(({ position }) => position > this.reached);
  }

  /** The line at this place is in sight, and with it all above. */
  reach(position: number, rows: readonly ShownRow[]): void {
    this.in_sight = Math.max(this.in_sight, position);
    if (this.messages === 0 || position <= this.reached) return;
    const passed = rows.filter((row) =>
      isLine(row) && !row.message.own && row.message.kind !== "info" && row.message.position > this.reached && row.message.position <= position);
    this.messages = Math.max(0, this.messages - passed.length);
    this.mentions = this.mentions.filter((one) => one.position > position);
    this.reached = position;
  }
}
