import { render, waitFor } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { StagedFile } from "$lib/api/types";
import { toasts } from "$lib/parts/toasts.svelte";
import DropZone from "$lib/screens/main/composer/DropZone.svelte";
import { Chat } from "$lib/state/chat.svelte";
import { view } from "$lib/state/view.svelte";
import { language } from "$lib/text/language.svelte";
import { around, CHAT, head } from "./around";
import { be, type StandIn } from "./standin";

let app: StandIn;
let next = 0;
let chats: Chat[] = [];
const file = (): StagedFile => ({ id: (next += 1), name: "notes.txt", size: 3, media_type: "text/plain", width: 0, height: 0, preview: null });
const given = (): unknown[] => app.asked.filter(({ method }) => method === "unstage").map(({ params }) => (params as { id: number }).id);
const told = (): string[] => toasts.list.map(({ text }) => text);

async function opened(can_send: boolean): Promise<Chat> {
  app.answers.conversation_head = { ...head, can_send };
  const chat = new Chat(CHAT);
  chats.push(chat);
  await waitFor(() => expect(chat.head).not.toBeNull());
  return chat;
}

beforeEach(() => {
  language.choose("en");
  app = around();
  Object.assign(app.answers, { unstage: null, set_draft: null });
  be();
  toasts.clear();
  view.section = "chats";
});
afterEach(() => {
  for (const chat of chats) chat.end();
  chats = [];
  view.section = "chats";
});

describe("files that come over the window", () => {
  it("are shown in the conversation that is open", async () => {
    const chat = await opened(true);
    render(DropZone, { chat });
    const files = [file(), file()];
    app.tell({ event: "staged", files });
    expect(chat.composer.staged).toEqual(files);
    expect([given(), told()]).toEqual([[], []]);
  });

  it.each([
    ["none is open", async () => null],
    ["Alice may only read it", () => opened(false)],
    ["another page covers it", async () => {
      view.section = "organisation";
      return opened(true);
    }],
  ])("are given back, with a word, where %s", async (_, open) => {
    const chat = await open();
    render(DropZone, { chat });
    const files = [file(), file()];
    app.tell({ event: "staged", files });
    // The host tells of the second while the first goes.
    app.tell({ event: "staged", files: files.slice(1) });
    expect(given()).toEqual(files.map(({ id }) => id));
    expect(told()).toEqual(["Files are sent in a conversation. Open one that you can write in, and drop them there."]);
    expect(chat?.composer.staged ?? []).toEqual([]);
    view.section = "chats";
  });

  it("are meant for one conversation, and never come up in the next", async () => {
    const first = await opened(true);
    const { rerender } = render(DropZone, { chat: first });
    const files = [file(), file()];
    app.tell({ event: "staged", files });
    first.end();
    const second = await opened(true);
    await rerender({ chat: second });
    app.tell({ event: "staged", files: files.slice(1) });
    expect(given()).toEqual(files.map(({ id }) => id));
    expect(second.composer.staged).toEqual([]);
  });
});
