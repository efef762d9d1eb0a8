// What can be done from the switcher.
import type { Command } from "$lib/logic/commands";
import { attempt } from "$lib/state/asked.svelte";
import { host } from "$lib/state/host.svelte";
import { lock } from "$lib/state/lock";
import { view } from "$lib/state/view.svelte";
import { m } from "$lib/words/messages";

export function commands(): Command[] {
  const theme = host.settings.theme === "dark" ? "light" : "dark";
  const here = view.conversation;
  return [
    { id: "new", label: m.sw_new(), keys: "new_conversation", do: () => (view.overlay = { kind: "new_conversation" }) },
    ...(here
      ? [
          { id: "details", label: m.sw_details(), keys: "details" as const, do: () => view.beside({ kind: "details" }) },
          { id: "security", label: m.sw_security(), do: () => view.beside({ kind: "security" }) },
          { id: "files", label: m.sw_files(), do: () => view.beside({ kind: "files" }) },
          { id: "find", label: m.sw_find(), keys: "search" as const, do: () => view.beside({ kind: "search" }) },
        ]
      : []),
    { id: "settings", label: m.sw_settings(), keys: "settings", do: () => (view.overlay = { kind: "settings" }) },
    { id: "devices", label: m.sw_devices(), do: () => (view.overlay = { kind: "settings", page: "devices" }) },
    { id: "organisation", label: m.sw_organisation(), do: () => view.show("organisation") },
    { id: "compliance", label: m.sw_compliance(), do: () => view.show("compliance") },
    { id: "shortcuts", label: m.sw_shortcuts(), keys: "shortcuts", do: () => (view.overlay = { kind: "shortcuts" }) },
    { id: "theme", label: theme === "dark" ? m.sw_dark() : m.sw_light(), do: () => void attempt(() => host.change({ theme })) },
    { id: "lock", label: m.sw_lock(), keys: "lock", do: () => void lock() },
  ];
}
