import { render, screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import Composer from "$lib/screens/main/composer/Composer.svelte";
import Panel from "$lib/screens/main/Panel.svelte";
import { Chat } from "$lib/state/chat.svelte";
import { host } from "$lib/state/host.svelte";
import { language } from "$lib/text/language.svelte";
import { around, CHAT, message } from "./around";
import { violations } from "./axe";
import { be, type StandIn } from "./standin";

const user = userEvent.setup();
let app: StandIn;
let chat: Chat;
const posted = (): unknown[] => app.asked.filter(({ method }) => method === "post").map(({ params }) => params);

beforeEach(async () => {
  language.choose("en");
  app = around();
  app.answers.post = message();
  app.answers.set_draft = null;
  app.answers.typing = null;
  be();
  host.settings = { ...host.settings, enter_sends: true };
  chat = new Chat(CHAT);
  await waitFor(() => expect(chat.members.length).toBeGreaterThan(0));
});
afterEach(() => chat.end());

describe("a reply in a thread", () => {
  beforeEach(async () => {
    render(Panel, { panel: { kind: "thread", message: "m1" }, chat });
    await screen.findByLabelText("Reply in this thread");
  });
  const field = (): HTMLTextAreaElement => screen.getByLabelText("Reply in this thread");

  it.each([[true, "{Enter}", "{Shift>}{Enter}{/Shift}"], [false, "{Control>}{Enter}{/Control}", "{Enter}"]])(
    "is sent by the same key as elsewhere, with Enter sends %s", async (enter_sends, sends, breaks) => {
      host.settings = { ...host.settings, enter_sends };
      await user.type(field(), `Agreed${breaks}`);
      expect(posted()).toEqual([]);
      await user.type(field(), sends);
      await waitFor(() => expect(posted()).toMatchObject([{ text: "Agreed", thread: "m1" }]));
      expect(field().value).toBe("");
    });

  it("completes names, and takes no commands for the conversation", async () => {
    await user.type(field(), "@ca");
    await screen.findByRole("option", { name: /carol/ });
    expect(await violations()).toEqual([]);
    await user.keyboard("{Enter}");
    await waitFor(() => expect(field().value).toBe("@carol "));
    expect(posted()).toEqual([]);
    await user.clear(field());
    await user.type(field(), "/mu");
    expect(screen.queryByRole("option")).toBeNull();
  });
});

it("commands say spans in the person's language", async () => {
  render(Composer, { chat });
  await user.type(await screen.findByRole("textbox"), "/mu");
  await screen.findByRole("option", { name: /Mute for 8 hours/ });
  language.choose("de");
  await user.type(screen.getByRole("textbox"), "t");
  await screen.findByRole("option", { name: /8 Stunden/ });
});
