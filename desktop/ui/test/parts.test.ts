import Star from "@lucide/svelte/icons/star";
import { render, screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { createRawSnippet, type Component } from "svelte";
import { describe, expect, it, vi } from "vitest";
import Avatar from "$lib/parts/Avatar.svelte";
import { hue, initials } from "$lib/parts/avatar";
import Badge from "$lib/parts/Badge.svelte";
import Banner from "$lib/parts/Banner.svelte";
import Button from "$lib/parts/Button.svelte";
import ContextMenu from "$lib/parts/ContextMenu.svelte";
import Dialog from "$lib/parts/Dialog.svelte";
import EmptyState from "$lib/parts/EmptyState.svelte";
import Field from "$lib/parts/Field.svelte";
import IconButton from "$lib/parts/IconButton.svelte";
import Menu from "$lib/parts/Menu.svelte";
import Toasts from "$lib/parts/Toasts.svelte";
import { toasts } from "$lib/parts/toasts.svelte";
import Toggle from "$lib/parts/Toggle.svelte";
import { violations } from "./axe";
import WithTrigger from "./WithTrigger.svelte";

const words = (text: string) => createRawSnippet(() => ({ render: () => `<span>${text}</span>` }));
const icon = Star as unknown as Component;

describe("parts", () => {
  it("a button cannot be pressed while it is busy", async () => {
    const onclick = vi.fn();
    const { rerender } = render(Button, { children: words("Send"), onclick });
    await userEvent.click(screen.getByRole("button", { name: "Send" }));
    await rerender({ busy: true });
    await userEvent.click(screen.getByRole("button"));
    expect(onclick).toHaveBeenCalledTimes(1);
    expect(await violations()).toEqual([]);
  });

  it("an icon button says its name and its count", async () => {
    render(IconButton, { icon, label: "Mentions", count: 120, active: true });
    const button = screen.getByRole("button", { name: "Mentions (120)" });
    expect(button.getAttribute("aria-pressed")).toBe("true");
    expect(button.querySelector("[data-count]")?.getAttribute("data-count")).toBe("99+");
    expect(await violations()).toEqual([]);
  });

  it("a dialog is named, closes by Escape and says so", async () => {
    const onclose = vi.fn();
    render(Dialog, { open: true, title: "Leave?", description: "You can come back.", onclose, children: words("Body") });
    expect(screen.getByRole("dialog", { name: "Leave?" })).toBeTruthy();
    expect(await violations()).toEqual([]);
    await userEvent.keyboard("{Escape}");
    expect(onclose).toHaveBeenCalledTimes(1);
  });

  it.each([["menu", Menu], ["context menu", ContextMenu]])("a %s is used by keys alone", async (kind, part) => {
    const first = vi.fn();
    const second = vi.fn();
    const items = [{ label: "Reply", icon, keys: "R", do: first }, "line" as const, { label: "Mute", checked: true, do: second }];
    render(WithTrigger, { part: part as unknown as Component<Record<string, unknown>>, items: kind === "menu" ? items : () => items });
    const trigger = screen.getByRole("button", { name: "More" });
    if (kind === "menu") {
      trigger.focus();
      await userEvent.keyboard("{ArrowDown}");
    } else {
      await userEvent.pointer({ keys: "[MouseRight]", target: trigger });
    }
    await screen.findByRole("menu", { hidden: true });
    if (kind === "menu") await waitFor(() => expect(document.activeElement?.textContent).toContain("Reply"));
    expect(await violations()).toEqual([]);
    if (kind !== "menu") await userEvent.keyboard("{ArrowDown}");
    await userEvent.keyboard("{ArrowDown}{Enter}");
    expect(first).not.toHaveBeenCalled();
    expect(second).toHaveBeenCalledTimes(1);
  });

  it("a field tells its hint and its error to those who listen", async () => {
    render(Field, { label: "Name", value: "", hint: "Letters", error: "Too short" });
    const input = screen.getByLabelText("Name");
    const told = input.getAttribute("aria-describedby")!.split(" ").map((id) => document.getElementById(id)!.textContent);
    expect(told).toEqual(["Letters", "Too short"]);
    expect(input.getAttribute("aria-invalid")).toBe("true");
    expect(await violations()).toEqual([]);
  });

  it("a toggle turns by the space bar", async () => {
    const onchange = vi.fn();
    render(Toggle, { label: "Sounds", checked: false, hint: "Of new messages", onchange });
    screen.getByRole("switch", { name: "Sounds" }).focus();
    await userEvent.keyboard(" ");
    expect(onchange).toHaveBeenCalledWith(true);
    expect(await violations()).toEqual([]);
  });

  it("avatars, badges, banners and empty states have nothing wrong", async () => {
    for (const kind of ["person", "agent", "custodian", "group"] as const) render(Avatar, { name: "Ann Bee", kind });
    render(Badge, { tone: "count", label: "3 unread", children: words("3") });
    render(Banner, { tone: "warn", live: true, children: words("Offline") });
    render(EmptyState, { icon, title: "No chats", text: "Begin one." });
    expect(await violations()).toEqual([]);
  });

  it("an error stays until it is closed", async () => {
    render(Toasts);
    toasts.problem({ message: "Not sent", code: "network" });
    const close = await screen.findByRole("button", { name: "Close" });
    const user = userEvent.setup();
    await user.click(screen.getByRole("button", { name: "Copy details" }));
    const copied = await navigator.clipboard.readText();
    expect(copied).toMatch(/^sealwire: network\n\d{4}-/);
    expect(copied).not.toContain("Not sent");
    toasts.close(toasts.list.at(-1)?.id ?? 0);
    expect(await violations()).toEqual([]);
    await user.click(close);
    expect(screen.queryByText("Not sent")).toBeNull();
  });

  it("initials are letters as people see them", () => {
    expect(initials("alice.b@acme")).toBe("AB");
    expect(initials("张伟")).toBe("张");
    expect(initials("👩‍👩‍👧 fam")).toBe("👩‍👩‍👧F");
    expect(initials("")).toBe("?");
    expect(hue("alice@acme")).toBe(hue("alice@acme"));
  });
});
