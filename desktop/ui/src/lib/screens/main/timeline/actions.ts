// What can be done with a message: for its toolbar, its menu and its keys.
import Copy from "@lucide/svelte/icons/copy";
import Info from "@lucide/svelte/icons/info";
import MessagesSquare from "@lucide/svelte/icons/messages-square";
import Pencil from "@lucide/svelte/icons/pencil";
import Reply from "@lucide/svelte/icons/reply";
import RotateCw from "@lucide/svelte/icons/rotate-cw";
import SmilePlus from "@lucide/svelte/icons/smile-plus";
import Trash from "@lucide/svelte/icons/trash-2";
import Undo from "@lucide/svelte/icons/undo-2";
import type { Component } from "svelte";
import type { Shown } from "$lib/api/types";
import type { MenuItem } from "$lib/parts/menu";
import { queued } from "$lib/logic/connection";
import { host } from "$lib/state/host.svelte";
import type { Chat } from "$lib/state/chat.svelte";
import { aria, shown as keysShown, type Keys } from "$lib/state/keys";
import { view } from "$lib/state/view.svelte";
import { m } from "$lib/words/messages";

export interface Action {
  name: string;
  label: string;
  icon: Component;
  key?: Keys;
  danger?: boolean;
  /** Also in the bar that shows above the message. */
  bar?: boolean;
  do: () => void;
}

export interface Asks {
  /** Opens the grid of emoji. */
  pick: () => void;
  /** Asks before a message is deleted for everyone. */
  confirmRemove: (message: Shown) => void;
}

export function actionsOf(message: Shown, chat: Chat, asks: Asks): Action[] {
  const icon = (component: unknown): Component => component as Component;
  const all: Action[] = [];
  if (message.kind !== "text") return all;
  const lives = !message.deleted;
  const sent = message.delivery === "sent" || message.delivery === "received";
  const writes = chat.head?.can_send ?? false;
  if (message.delivery === "failed") {
    all.push({ name: "retry", label: m.try_again(), icon: icon(RotateCw), bar: true, do: () => void chat.retry(message) });
    all.push({ name: "discard", label: m.delete(), icon: icon(Trash), bar: true, danger: true, do: () => void chat.discard(message) });
  }
  if (message.delivery === "pending" && message.held_until_ms) {
    all.push({ name: "take_back", label: m.take_back(), icon: icon(Undo), bar: true, do: () => void chat.takeBack(message) });
  }
  if (queued(message, host.state?.connection ?? null)) {
    all.push({ name: "edit_queued", label: m.edit(), icon: icon(Pencil), key: "edit", bar: true, do: () => void chat.takeBack(message) });
    all.push({ name: "discard", label: m.delete(), icon: icon(Trash), bar: true, danger: true, do: () => void chat.discard(message) });
  }
  if (lives && sent && writes) {
    all.push({ name: "react", label: m.react(), icon: icon(SmilePlus), key: "react", bar: true, do: asks.pick });
    all.push({ name: "reply", label: m.reply(), icon: icon(Reply), key: "reply", bar: true, do: () => chat.composer.answer(message) });
    all.push({
      name: "thread", label: m.reply_in_thread(), icon: icon(MessagesSquare), key: "thread",
      do: () => view.beside({ kind: "thread", message: message.id }),
    });
  }
  if (lives && message.own && message.delivery === "sent" && writes) {
    all.push({ name: "edit", label: m.edit(), icon: icon(Pencil), key: "edit", bar: true, do: () => chat.composer.edit(message) });
  }
  if (lives && message.text) {
    all.push({ name: "copy", label: m.copy_text(), icon: icon(Copy), key: "copy", do: () => void chat.copy(message.text) });
  }
  all.push({ name: "details", label: m.message_details(), icon: icon(Info), do: () => view.beside({ kind: "message", message: message.id }) });
  if (lives && sent && (message.own || chat.may("delete_any"))) {
    all.push({ name: "remove", label: m.delete_for_everyone(), icon: icon(Trash), key: "remove", danger: true, do: () => asks.confirmRemove(message) });
  }
  return all;
}

export const asMenu = (actions: readonly Action[]): MenuItem[] =>
  actions.flatMap((action): MenuItem[] => {
    const item: MenuItem = { label: action.label, icon: action.icon, do: action.do };
    if (action.key) Object.assign(item, { keys: keysShown(action.key), shortcut: aria(action.key) });
    if (action.danger) item.danger = true;
    return action.name === "remove" ? ["line", item] : [item];
  });
