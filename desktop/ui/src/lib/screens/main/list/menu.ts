// What can be done with a conversation in the list.
import Archive from "@lucide/svelte/icons/archive";
import ArchiveRestore from "@lucide/svelte/icons/archive-restore";
import Bell from "@lucide/svelte/icons/bell";
import BellOff from "@lucide/svelte/icons/bell-off";
import CheckCheck from "@lucide/svelte/icons/check-check";
import Mail from "@lucide/svelte/icons/mail";
import Pin from "@lucide/svelte/icons/pin";
import PinOff from "@lucide/svelte/icons/pin-off";
import type { Component } from "svelte";
import { call } from "$lib/api/transport";
import type { ConversationInfo, ConversationRow } from "$lib/api/types";
import type { MenuItem } from "$lib/parts/menu";
import { conversations, muted } from "$lib/state/conversations.svelte";
import { span } from "$lib/text/format";
import { m } from "$lib/words/messages";

/** Muted for good: the end of the year 9999. */
const FOREVER_MS = 253_402_300_799_000;
const MUTES_S = [3_600, 8 * 3_600, 7 * 86_400];

/** A direct conversation is named by its other person. */
export function nameOf(info: ConversationInfo | ConversationRow, name: (handle: string) => string): string {
  return info.kind === "direct" && info.peer ? name(info.peer) : info.name;
}

export function conversationMenu(row: ConversationRow): MenuItem[] {
  const conversation = row.id;
  const icon = (component: unknown): Component => component as Component;
  const until = (at: number | null): void => void conversations.change(call("mute", { conversation, until: at }));
  const unread = row.unread > 0 || row.marked_unread;
  const mute: MenuItem[] = muted(row)
    ? [{ label: m.unmute(), icon: icon(Bell), do: () => until(null) }]
    : [
        ...MUTES_S.map((seconds) => ({
          label: m.mute_for({ span: span(seconds) }),
          icon: icon(BellOff),
          do: () => until(Date.now() + seconds * 1_000),
        })),
        { label: m.mute_forever(), icon: icon(BellOff), do: () => until(FOREVER_MS) },
      ];
  return [
    unread
      ? { label: m.mark_read(), icon: icon(CheckCheck), do: () => void conversations.change(call("mark_read", { conversation })) }
      : { label: m.mark_unread(), icon: icon(Mail), do: () => void conversations.change(call("mark_unread", { conversation })) },
    row.pinned > 0
      ? { label: m.unpin(), icon: icon(PinOff), do: () => void conversations.change(call("pin", { conversation, pinned: false })) }
      : { label: m.pin(), icon: icon(Pin), do: () => void conversations.change(call("pin", { conversation, pinned: true })) },
    "line",
    ...mute,
    "line",
    row.archived
      ? { label: m.unarchive(), icon: icon(ArchiveRestore), do: () => void conversations.change(call("archive", { conversation, archived: false })) }
      : { label: m.archive(), icon: icon(Archive), do: () => void conversations.change(call("archive", { conversation, archived: true })) },
  ];
}
