import { render, screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ConversationHead, Query } from "$lib/api/types";
import Alone from "$lib/screens/main/Alone.svelte";
import Panel from "$lib/screens/main/Panel.svelte";
import { Chat } from "$lib/state/chat.svelte";
import { language } from "$lib/text/language.svelte";
import { around, CHAT, head, message } from "./around";
import { violations } from "./axe";
import { be, type StandIn } from "./standin";

const user = userEvent.setup();
let app: StandIn;
let chat: Chat;

async function open(fields: Partial<ConversationHead["info"]>, may = head.may): Promise<void> {
  app.answers.conversation_head = { ...head, info: { ...head.info, ...fields }, may } as ConversationHead;
  chat = new Chat(CHAT);
  await waitFor(() => expect(chat.head).not.toBeNull());
  await chat.timeline.load({ at: "newest" });
}

beforeEach(() => {
  language.choose("en");
  app = around();
  Object.assign(app.answers, { set_draft: null, add_members: null });
  be();
});
afterEach(() => chat.end());

describe("a group with nobody else in it", () => {
  it("offers to add people, until something is written", async () => {
    await open({ member_count: 1 });
    render(Alone, { chat });
    await user.click(screen.getByRole("button", { name: "Add members" }));
    await screen.findByRole("dialog", { name: "Add members" });
    expect(await violations()).toEqual([]);
    await user.keyboard("{Escape}");
    app.answers.timeline = { rows: [{ row: "line", message: message(), together: false }], anchor: 0, more_before: false, more_after: false };
    await chat.timeline.load({ at: "newest" });
    await waitFor(() => expect(screen.queryByText("Nobody else is here yet")).toBeNull());
  });

  it.each([
    ["others are in it", { member_count: 2 }, head.may],
    ["Alice may add nobody", { member_count: 1 }, { ...head.may, add: false }],
    ["it is with one person", { member_count: 1, kind: "direct" }, head.may],
  ])("offers nothing where %s", async (_, fields, may) => {
    await open(fields, may);
    render(Alone, { chat });
    expect(screen.queryByRole("button")).toBeNull();
  });
});

it("a search without results lets go of its filters at once", async () => {
  const clauses = (text: string): Query["clauses"] =>
    text.includes("from:") ? [{ kind: "filter", filter: "from", value: "bob@acme", negated: false, span: { start: 8, end: 16 } }] : [];
  app.answers.search = ({ query }) => ({ query: { clauses: clauses(query) }, hits: [], next: null, ranked_newest: null, complete: true });
  await open({});
  render(Panel, { panel: { kind: "search" }, chat });
  const field = await screen.findByLabelText<HTMLInputElement>("What to look for");
  await user.type(field, "CAPA-17 from:bob audit");
  await user.click(await screen.findByRole("button", { name: "Clear filters" }));
  expect(field.value).toBe("CAPA-17 audit");
  await waitFor(() => expect(screen.queryByRole("button", { name: "Clear filters" })).toBeNull());
});
