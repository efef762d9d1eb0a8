// Where the person is, and what of a profile stays when it is closed.
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { ConversationRow, Filter } from "$lib/api/types";
import { conversations } from "$lib/state/conversations.svelte";
import { host } from "$lib/state/host.svelte";
import { aria, pressed, shown } from "$lib/state/keys";
import { people } from "$lib/state/people.svelte";
import { view } from "$lib/state/view.svelte";
import { zoomBy } from "$lib/state/zoom";
import { around, CHAT, info } from "./around";
import { be, type StandIn } from "./standin";

const OTHER = "d1".repeat(16);
const row = (id: string, fields: { unread?: number; archived?: boolean; kind?: string } = {}): ConversationRow => ({ ...info, id, preview: null, draft: false, ...fields });
const rows = [row(CHAT, { unread: 3 }), row(OTHER, { unread: 2, archived: true, kind: "direct" })];

let app: StandIn;

beforeEach(() => {
  app = around();
  app.answers.conversation_rows = ({ filter }: { filter: Filter }) => rows.filter((one) => one.archived === (filter === "archived") && filter !== "mentions");
  be();
  view.leave();
  view.forget();
  view.width = 1280;
});

describe("a filter of the list", () => {
  it("hides nothing from what is said of all conversations", async () => {
    const stop = conversations.start();
    for (const filter of ["all", "archived", "mentions"] as const) {
      conversations.choose(filter);
      await vi.waitFor(() => expect(conversations.rows).toHaveLength(filter === "mentions" ? 0 : 1));
      await vi.waitFor(() => expect(conversations.all.map(({ id }) => id)).toEqual([CHAT, OTHER]));
      expect([conversations.unread, conversations.row(OTHER)?.kind]).toEqual([3, "direct"]);
    }
    stop();
  });
});

describe("a profile that is closed", () => {
  it("leaves no rows and no contacts, not even those that were still asked for", async () => {
    const stops = [conversations.start(), people.start()];
    await vi.waitFor(() => expect([conversations.all.length, people.contacts.size]).toEqual([2, 3]));
    void conversations.load();
    void people.load();
    stops.forEach((stop) => stop());
    await new Promise((resolve) => setTimeout(resolve));
    expect([conversations.rows, conversations.all, conversations.loaded, people.contacts.size]).toEqual([[], [], false, 0]);
  });

  it("comes back at its place, with nothing above or beside", () => {
    view.open(CHAT);
    view.beside({ kind: "details" });
    view.overlay = { kind: "settings" };
    view.leave();
    expect([view.overlay, view.panel, view.conversation]).toEqual([null, null, CHAT]);
    view.forget();
    view.back();
    expect(view.conversation).toBeNull();
  });
});

describe("a panel", () => {
  it("of a conversation needs one, and opens from every place", () => {
    view.toggle({ kind: "details" });
    expect(view.panel).toBeNull();
    view.open(CHAT);
    view.show("compliance");
    view.toggle({ kind: "details" });
    expect([view.section, view.panel]).toEqual(["chats", { kind: "details" }]);
    view.toggle({ kind: "details" });
    expect(view.panel).toBeNull();
    view.show("organisation");
    view.back();
    expect([view.section, view.conversation]).toEqual(["chats", CHAT]);
  });

  it.each([[1280, 100, false], [1036, 100, false], [1035, 100, true], [1280, 125, true], [700, 100, true]])("at %d pixels and %d %% covers the conversation: %o", (width, zoom, covers) => {
    host.settings = { ...host.settings, zoom };
    view.width = width;
    view.open(CHAT);
    expect(view.covered).toBe(false);
    view.beside({ kind: "details" });
    expect(view.covered).toBe(covers);
    view.open(CHAT, "m1", false);
    expect(view.panel).not.toBeNull();
    view.open(CHAT, "m1");
    expect(view.panel === null).toBe(covers);
    host.settings = { ...host.settings, zoom: 100 };
  });

  it("with results stays while they lead through conversations", () => {
    view.beside({ kind: "search" });
    view.open(CHAT, "m1", false);
    view.open(OTHER, "m2", false);
    expect([view.panel, view.jump]).toEqual([{ kind: "search" }, { message: "m2", focus: false }]);
    view.open(CHAT);
    expect(view.panel).toBeNull();
  });
});

describe("the keys", () => {
  const press = (key: string, fields: KeyboardEventInit = {}): KeyboardEvent => new KeyboardEvent("keydown", { key, ctrlKey: true, ...fields });

  it("of the size of text are told and understood", () => {
    expect([shown("larger"), aria("larger"), shown("react"), aria("react")]).toEqual(["Ctrl++", "Control+Plus Control+=", "+", "Plus"]);
    expect(pressed(press("+", { shiftKey: true }), "Control++")).toBe(true);
    expect(pressed(press("+", { ctrlKey: false }), "Control++")).toBe(false);
    expect(pressed(press("-"), "Control+-")).toBe(true);
  });

  it("make it larger and smaller within bounds", async () => {
    app.answers.change_settings = (fields) => ({ ...host.settings, ...fields });
    const sizes = [];
    for (const by of [1, 1, 0, -1, -1, -1] as const) {
      zoomBy(by);
      await new Promise((resolve) => setTimeout(resolve));
      sizes.push(host.settings.zoom);
    }
    expect(sizes).toEqual([110, 125, 100, 90, 80, 80]);
    host.settings = { ...host.settings, zoom: 100 };
  });

  it("that send are those of the setting", () => {
    expect([shown("send"), aria("send")]).toEqual(["Enter", "Enter Control+Enter"]);
    host.settings = { ...host.settings, enter_sends: false };
    expect([shown("send"), aria("send")]).toEqual(["Ctrl+Enter", "Control+Enter"]);
    host.settings = { ...host.settings, enter_sends: true };
  });
});
