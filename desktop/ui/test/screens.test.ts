import { render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { flushSync, type Component } from "svelte";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { scan } from "$lib/logic/scan";
import type { ConversationHead, ConversationRow, DeviceInfo } from "$lib/api/types";
import Admin from "$lib/screens/admin/Admin.svelte";
import Damaged from "$lib/screens/Damaged.svelte";
import FirstRun from "$lib/screens/FirstRun.svelte";
import Locked from "$lib/screens/Locked.svelte";
import Notices from "$lib/screens/main/Notices.svelte";
import Overlays from "$lib/screens/main/Overlays.svelte";
import Panel from "$lib/screens/main/Panel.svelte";
import DeepLink from "$lib/screens/overlays/DeepLink.svelte";
import NewConversation from "$lib/screens/overlays/NewConversation.svelte";
import Switcher from "$lib/screens/overlays/Switcher.svelte";
import Compliance from "$lib/screens/panels/Compliance.svelte";
import Settings from "$lib/screens/settings/Settings.svelte";
import { Chat } from "$lib/state/chat.svelte";
import { host } from "$lib/state/host.svelte";
import { links } from "$lib/state/links.svelte";
import { people } from "$lib/state/people.svelte";
import { proof } from "$lib/state/proof.svelte";
import { requests } from "$lib/state/requests.svelte";
import { view, type Panel as PanelKind } from "$lib/state/view.svelte";
import { language } from "$lib/text/language.svelte";
import { around, CHAT, HITS, log, NOW_MS } from "./around";
import { violations } from "./axe";
import { be, problem, type StandIn } from "./standin";

vi.mock("$lib/logic/scan", () => ({ scan: vi.fn() }));

let app: StandIn;
const user = userEvent.setup();
const askedFor = (method: string): unknown[] => app.asked.filter((one) => one.method === method).map(({ params }) => params);

beforeEach(() => {
  language.choose("en");
  app = around();
  be();
  view.overlay = null;
  view.panel = null;
});

describe("the first run", () => {
  beforeEach(() => be({ phase: "empty", account: null, keychain: true }));

  it("checks an invitation at once, and says what is wrong with it", async () => {
    app.answers.check_invitation = ({ link }) =>
      link.startsWith("sealwire://join/") ? { organisation: "acme", relay: "r:1", organisation_fingerprint: "aa bb" } : problem("bad_link", "this is no invitation");
    render(FirstRun);
    const field = await screen.findByLabelText("Invitation link");
    expect(document.activeElement).toBe(field);
    await user.type(field, "hello");
    await screen.findByText(/this is no invitation/);
    expect(await violations()).toEqual([]);
    await user.clear(field);
    await user.type(field, "sealwire://join/x");
    await screen.findByText("aa bb");
    expect(await violations()).toEqual([]);
    await user.keyboard("{Enter}");
    expect(await screen.findByLabelText("Name")).toBe(document.activeElement);
    expect(await violations()).toEqual([]);
  });

  it("takes a passphrase only twice the same, and tells how good it is", async () => {
    be({ phase: "empty", account: null, keychain: false });
    app.answers.check_invitation = { organisation: "acme", relay: "r:1", organisation_fingerprint: null };
    app.answers.join = () => problem("name_taken", "this name is taken");
    render(FirstRun);
    await user.type(await screen.findByLabelText("Invitation link"), "sealwire://join/x{Enter}");
    if (!screen.queryByLabelText("Name")) await user.click(await screen.findByRole("button", { name: "Continue" }));
    await screen.findByText(/No keyring of the system answers/);
    await user.type(await screen.findByLabelText("Name"), "bob");
    await user.type(screen.getByLabelText("Passphrase"), "correct horse battery staple");
    expect(screen.getByText("Good")).toBeTruthy();
    await user.type(screen.getByLabelText("Passphrase again"), "correct");
    expect(screen.getByText("The two are not the same")).toBeTruthy();
    expect(screen.getByRole<HTMLButtonElement>("button", { name: "Join acme" }).disabled).toBe(true);
    await user.type(screen.getByLabelText("Passphrase again"), " horse battery staple{Enter}");
    await screen.findByText(/this name is taken/);
    expect(askedFor("join")).toEqual([{ link: "sealwire://join/x", name: "bob", lock: { kind: "passphrase", passphrase: "correct horse battery staple" } }]);
    expect(await violations()).toEqual([]);
  });
});

it("a wrong passphrase is told at the field", async () => {
  be({ phase: "locked", account: null });
  app.answers.unlock = () => problem("wrong_passphrase", "no");
  render(Locked);
  await user.type(screen.getByLabelText("Passphrase"), "wrong one{Enter}");
  await screen.findByText(/That is not the passphrase/);
  expect(screen.getByLabelText("Passphrase").getAttribute("aria-invalid")).toBe("true");
  expect(await violations()).toEqual([]);
});

it("a damaged profile says that nothing was overwritten, and tries again", async () => {
  be({ phase: "damaged", account: null, problem: { kind: "io", code: "damaged", message: "the database is malformed", hint: "", retry_after_ms: null } });
  app.answers.recover = () => host.state!;
  render(Damaged);
  expect(screen.getByText(/Nothing was overwritten/)).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Try to open again" }));
  await screen.findByText(/It still cannot be opened/);
  expect(await violations()).toEqual([]);
});

describe("the switcher", () => {
  it("is a combobox that the keys walk through", async () => {
    let closed = 0;
    render(Switcher, { onclose: () => (closed += 1) });
    const field = await screen.findByRole("combobox");
    await user.type(field, "审计");
    await waitFor(() => expect(screen.getAllByRole("option").length).toBeGreaterThan(3));
    expect(await violations()).toEqual([]);
    const options = screen.getAllByRole("option");
    expect(field.getAttribute("aria-activedescendant")).toBe(options[0]!.id);
    expect(screen.getByText("审计小组", { selector: "mark" })).toBeTruthy();
    expect(screen.getByText("Prüfprotokoll", { selector: "mark" })).toBeTruthy();
    await user.keyboard("{ArrowUp}");
    expect(field.getAttribute("aria-activedescendant")).toBe(options.at(-1)!.id);
    await user.keyboard("{Enter}");
    expect(closed).toBe(1);
    expect(view.panel).toEqual({ kind: "search", query: "审计" });
  });

  it("an agent carries its badge among people and as who has written", async () => {
    const hit = { ...HITS[0]!, sender: "summary-bot@acme", sender_kind: "agent" as const };
    app.answers.search = { query: { clauses: [] }, hits: [hit], next: null, ranked_newest: null, complete: true };
    render(Switcher, { onclose: () => undefined });
    await user.type(await screen.findByRole("combobox"), "bot");
    await waitFor(() => {
      const marked = screen.getAllByRole("option").filter((one) => one.querySelector(".agent-badge"));
      expect(marked.map((one) => one.textContent)).toEqual([expect.stringContaining("summary-bot@acme"), expect.stringContaining("Prüfprotokoll")]);
    });
  });

  it("shows commands alone after >", async () => {
    render(Switcher, { text: ">lock", onclose: () => undefined });
    await waitFor(() => expect(screen.getAllByRole("option").map((one) => one.textContent?.trim())).toEqual([expect.stringContaining("Lock Sealwire")]));
  });
});

it.each(["switcher", "settings", "new_conversation"] as const)("the focus returns when %s closes", async (kind) => {
  const before = document.createElement("button");
  document.body.append(before);
  before.focus();
  render(Overlays, { chat: null });
  view.overlay = { kind };
  await screen.findByRole("dialog");
  await waitFor(() => expect(document.activeElement).not.toBe(before));
  await user.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(view.overlay).toBeNull();
  await waitFor(() => expect(document.activeElement).toBe(before));
  before.remove();
});

it("somebody who is not known yet is looked up before a conversation begins", async () => {
  app.answers.direct = CHAT;
  await people.load();
  render(NewConversation, { onclose: () => undefined });
  await user.type(await screen.findByLabelText("With whom"), "dora{Enter}");
  await waitFor(() => expect(askedFor("lookup")).toEqual([{ handle: "dora@acme" }]));
  expect(await violations()).toEqual([]);
  await user.click(await screen.findByRole("button", { name: "Open conversation" }));
  expect(askedFor("direct")).toEqual([{ handle: "dora@acme" }]);
});

it("a link is shown whole, and followed only when the person says so", async () => {
  app.answers.confirm_link = null;
  links.pending = { kind: "chat", link: "sealwire://chat/r:1?x=y", organisation: "acme", relay: "r:1", from: "bob@acme" };
  render(DeepLink);
  await screen.findByText("sealwire://chat/r:1?x=y");
  expect(askedFor("confirm_link")).toEqual([]);
  expect(await violations()).toEqual([]);
  await user.click(screen.getByRole("button", { name: "Ask to join" }));
  expect(askedFor("confirm_link")).toEqual([{ link: "sealwire://chat/r:1?x=y" }]);
});

const PANELS: PanelKind[] = [
  { kind: "details" }, { kind: "person", handle: "bob@acme" }, { kind: "person", handle: "carol@acme" }, { kind: "thread", message: "m1" },
  { kind: "message", message: "m1" }, { kind: "files" }, { kind: "search" }, { kind: "security" },
];

describe("beside a conversation", () => {
  let chat: Chat;
  beforeEach(async () => {
    await people.load();
    chat = new Chat(CHAT);
    await waitFor(() => expect(chat.members).toHaveLength(5));
  });

  it.each(PANELS)("nothing is wrong with $kind $handle", async (panel) => {
    render(Panel as unknown as Component<{ panel: PanelKind; chat: Chat }>, { panel, chat });
    await waitFor(() => expect(screen.queryByText("Loading…")).toBeNull());
    expect(await violations()).toEqual([]);
  });

  it("who reads for others stands first, with a badge", async () => {
    render(Panel as unknown as Component<{ panel: PanelKind; chat: Chat }>, { panel: { kind: "details" }, chat });
    const names = (await screen.findAllByRole("listitem")).map((item) => item.textContent ?? "");
    expect(names[0]).toContain("Custodian");
    expect(names[1]).toContain("Agent");
  });

  it("a timer under a custodian says what it does not do", async () => {
    render(Panel as unknown as Component<{ panel: PanelKind; chat: Chat }>, { panel: { kind: "details" }, chat });
    await user.click(await screen.findByRole("tab", { name: "Rules" }));
    await screen.findByText(/A records custodian is in this conversation and keeps/);
    app.answers.change_setting = null;
    await user.selectOptions(screen.getByLabelText("Disappearing messages"), "300");
    expect(askedFor("change_setting")).toEqual([{ conversation: CHAT, setting: { timer: 300 } }]);
    expect(await violations()).toEqual([]);
  });

  it("a legal hold says in the rules what it keeps", async () => {
    chat.head!.info.holds = ["matter-17"];
    render(Panel as unknown as Component<{ panel: PanelKind; chat: Chat }>, { panel: { kind: "details" }, chat });
    await user.click(await screen.findByRole("tab", { name: "Rules" }));
    await screen.findByText(/has to keep what is in this conversation \(legal hold matter-17\)/);
    expect(await violations()).toEqual([]);
  });

  it("another safety number cannot be marked as verified", async () => {
    render(Panel as unknown as Component<{ panel: PanelKind; chat: Chat }>, { panel: { kind: "person", handle: "carol@acme" }, chat });
    await user.click(await screen.findByText("Compare by computer"));
    await user.type(screen.getByLabelText("The number that carol sees"), "1".repeat(60));
    await screen.findByText(/Not the same/);
    expect(screen.getByRole<HTMLButtonElement>("button", { name: "Mark as verified" }).disabled).toBe(true);
    expect(await violations()).toEqual([]);
  });

  it("what could not be read is told with its reason, and what becomes of it", async () => {
    app.answers.refused = [{ reason: "the message does not decrypt; `sealwire chat show` says more", may_split: true, at_ms: NOW_MS }];
    render(Panel as unknown as Component<{ panel: PanelKind; chat: Chat }>, { panel: { kind: "security" }, chat });
    await screen.findByText("the message does not decrypt");
    expect(screen.getByText("Others may have accepted it")).toBeTruthy();
    expect(screen.getByText(/goes on by itself/)).toBeTruthy();
    expect(await violations()).toEqual([]);
    app.answers.refused = [{ reason: "another one", may_split: false, at_ms: NOW_MS }];
    app.tell({ event: "warning", conversation: CHAT, text: "refused" });
    await screen.findByText("another one");
  });

  it("a scanned code is checked by the core", async () => {
    const bytes = "01".repeat(65);
    vi.mocked(scan).mockResolvedValue(String.fromCharCode(...Array.from({ length: 65 }, () => 1)));
    app.answers.matches_safety_qr = ({ payload }) => payload !== bytes;
    render(Panel as unknown as Component<{ panel: PanelKind; chat: Chat }>, { panel: { kind: "person", handle: "carol@acme" }, chat });
    await screen.findByRole("img", { name: /QR/ });
    await user.click(await screen.findByText("Compare by computer"));
    await user.upload(screen.getByLabelText(/picture/i, { selector: "input" }), new File(["x"], "code.png", { type: "image/png" }));
    await screen.findByText(/Not the same/);
    expect(askedFor("matches_safety_qr")).toEqual([{ handle: "carol@acme", payload: bytes }]);
    expect(screen.getByRole<HTMLButtonElement>("button", { name: "Mark as verified" }).disabled).toBe(true);
    app.answers.matches_safety_qr = true;
    await user.upload(screen.getByLabelText(/picture/i, { selector: "input" }), new File(["y"], "code.png", { type: "image/png" }));
    await screen.findByText(/The same/);
  });

  it("results are walked through and shown in the conversation", async () => {
    render(Panel as unknown as Component<{ panel: PanelKind; chat: Chat }>, { panel: { kind: "search" }, chat });
    await user.type(await screen.findByLabelText("What to look for"), "审计");
    await waitFor(() => expect(askedFor("search")).toContainEqual({ query: `审计 in:${CHAT}`, typing: false, sort: "newest", limit: 40, cursor: null }));
    await screen.findByText("2 messages");
    await user.keyboard("{Enter}");
    expect(screen.getByText("1 of 2")).toBeTruthy();
    expect(view.jump).toEqual({ message: "m Das Prüfprotokoll liegt bei", focus: false });
    await user.keyboard("{Enter}{Enter}");
    expect(screen.getByText("1 of 2")).toBeTruthy();
    await user.keyboard("{Shift>}{Enter}{/Shift}");
    expect(screen.getByText("2 of 2")).toBeTruthy();
    expect(document.activeElement).toBe(screen.getByLabelText("What to look for"));
    document.body.focus();
    (document.activeElement as HTMLElement).blur();
    await user.keyboard("{F3}{Shift>}{F3}{F3}{/Shift}");
    expect(screen.getByText("1 of 2")).toBeTruthy();
    expect(await violations()).toEqual([]);
  });

  it("whoever asks to search once more keeps the words, and other words take their place", async () => {
    const { rerender } = render(Panel as unknown as Component<{ panel: PanelKind; chat: Chat }>, { panel: { kind: "search" }, chat });
    const field = await screen.findByLabelText<HTMLInputElement>("What to look for");
    await user.type(field, "审计");
    await screen.findByText("2 messages");
    field.blur();
    await rerender({ panel: { kind: "search" }, chat });
    expect([document.activeElement, field.value, field.selectionEnd]).toEqual([field, "审计", 2]);
    expect(screen.getByText("2 messages")).toBeTruthy();
    await rerender({ panel: { kind: "search", query: "batch" }, chat });
    expect(field.value).toBe("batch");
    await waitFor(() => expect(askedFor("search").at(-1)).toMatchObject({ query: "batch" }));
  });

  it("notices are calm: requests, a new key, and a conversation that stopped", async () => {
    app.answers.conversation_head = { ...chat.head!, info: { ...chat.head!.info, state: "halted", reason: "other members go on: the conversation may be split" } };
    app.tell({ event: "lag" });
    const stop = requests.start();
    render(Notices, { chat });
    await screen.findByText(/dora asks to be let in/);
    await screen.findByText(/carol has another key now/);
    await screen.findByRole("button", { name: "Stay on this side" });
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(await violations()).toEqual([]);
    app.answers.admit = null;
    await user.click(screen.getByRole("button", { name: "Review" }));
    await user.click(await screen.findByRole("button", { name: "Let in" }));
    expect(askedFor("admit")).toEqual([{ number: 4 }]);
    stop();
    await waitFor(() => expect(screen.queryByText(/dora asks/)).toBeNull());
  });
});

describe("the directory's log", () => {
  beforeEach(() => Object.assign(proof, { log: null, problem: null, checked_at: null }));

  it.each([
    ["ok", log, /Consistent: 1,204 entries/], ["conflict", { ...log, conflict: "two roots for size 9" }, /two roots for size 9/],
    ["unavailable", null, /this relay has no log/],
  ] as const)("is %s", async (_, answer, words) => {
    app.answers.check_directory_log = answer;
    app.answers.compliance = { ...(app.answers.compliance as object), log: answer } as never;
    render(Compliance);
    await user.click(await screen.findByRole("button", { name: "Verify now" }));
    await screen.findByText(words);
    expect(await violations()).toEqual([]);
    if (!answer) return;
    await user.click(screen.getByRole("button", { name: "Show proof" }));
    await screen.findByText("witness.example/w1");
    expect(await violations()).toEqual([]);
  });
});

describe("settings", () => {
  it.each(["appearance", "writing", "lock", "privacy", "devices", "account", "about"])("nothing is wrong with %s", async (page) => {
    render(Settings, { page, onclose: () => undefined });
    await waitFor(() => expect(screen.getAllByRole("tab")).toHaveLength(7));
    await waitFor(() => expect(screen.queryByText("Loading…")).toBeNull());
    expect(await violations()).toEqual([]);
  });

  it("an account is erased only after its name was typed", async () => {
    app.answers.erase_account = { index: 1, envelope: "{}", salt: "00", event: "{}" };
    render(Settings, { page: "account", onclose: () => undefined });
    await user.click(await screen.findByRole("button", { name: "Erase" }));
    const dialog = await screen.findByRole("dialog", { name: "Erase my account" });
    const button = within(dialog).getByRole<HTMLButtonElement>("button", { name: "Erase" });
    expect(button.disabled).toBe(true);
    await user.type(within(dialog).getByLabelText(/to confirm/), "alice@acme");
    expect(await violations()).toEqual([]);
    await user.click(button);
    await screen.findByText("Your account was erased");
    expect(askedFor("erase_account")).toHaveLength(1);
  });
});

it("all other devices are shut out at once, after a question", async () => {
  const device = (id: string, own = false) => ({ id, this: own, linked_at_s: 1_732_406_580, expires_at_s: NOW_MS / 1_000 });
  app.answers.devices = [device("aa", true), device("bb"), device("cc")] as DeviceInfo[];
  app.answers.revoke_device = null;
  render(Settings, { page: "devices", onclose: () => undefined });
  expect((await screen.findAllByText(/Linked on Nov 2[34], 2024/)).length).toBe(3);
  await user.click(await screen.findByRole("button", { name: "Shut out all others" }));
  expect(askedFor("revoke_device")).toEqual([]);
  const dialog = await screen.findByRole("dialog", { name: "Shut out all other devices?" }).catch(() => screen.findByRole("alertdialog"));
  await user.click(within(dialog).getByRole("button", { name: "Shut out" }));
  await waitFor(() => expect(askedFor("revoke_device")).toEqual([{ device: "bb" }, { device: "cc" }]));
});

describe("administration", () => {
  it.each(["Members", "Invitations", "Policy", "Oversight"])("nothing is wrong with %s", async (name) => {
    render(Admin);
    await user.click(await screen.findByRole("tab", { name }));
    await waitFor(() => expect(screen.queryByText("Loading…")).toBeNull());
    expect(await violations()).toEqual([]);
  });

  it("a shorter retention is told before it is signed", async () => {
    app.answers.publish_organisation_policy = { serial: 4, issued_at_s: NOW_MS / 1_000, max_message_days: 30, max_file_days: null, receipts: true, logs: null, custodians: [], holds: [], attestation_key: null };
    render(Admin);
    await user.click(await screen.findByRole("tab", { name: "Policy" }));
    const field = await screen.findByLabelText("Keep messages for at most (days)");
    await waitFor(() => expect((field as HTMLInputElement).value).toBe("365"));
    await user.clear(field);
    await user.type(field, "30");
    await screen.findByText("Messages older than 30 days are removed from every device.");
    await user.click(screen.getByRole("button", { name: "Sign and publish" }));
    const dialog = await screen.findByRole("dialog");
    expect(dialog.textContent).toContain("cannot be brought back");
    expect(await violations()).toEqual([]);
    await user.click(within(dialog).getByRole("button", { name: "Sign and publish" }));
    expect(askedFor("publish_organisation_policy")).toEqual([{ change: { max_message_days: 30, max_file_days: null, receipts: null, logs: null, custodians: null } }]);
  });

  it("conversations that lack a custodian come first", async () => {
    const { info, policy, ...rest } = app.answers.conversation_head as ConversationHead;
    const head = (id: string): ConversationHead => {
      const required = id !== "free";
      return { ...rest, info: { ...info, id, name: id }, custodians: id === "kept" ? ["records@acme"] : [], policy: { ...policy!, custodian_required: required } };
    };
    app.answers.conversation_rows = ["kept", "free", "wanting", "left"].map((id) => ({ ...head(id).info, state: id === "left" ? "removed" : "active", preview: null }) as unknown as ConversationRow);
    app.answers.conversation_head = ({ conversation }) => head(conversation);
    render(Admin);
    await user.click(await screen.findByRole("tab", { name: "Oversight" }));
    await screen.findByText("1 of 3 are kept by a custodian");
    const order = screen.getAllByRole("button", { name: /^(kept|free|wanting|left)$/ }).map(({ textContent }) => textContent?.trim());
    expect(order).toEqual(["wanting", "free", "kept"]);
    expect(screen.getByText("Required, missing")).toBeTruthy();
    expect(await violations()).toEqual([]);
  });

  it("members see the policy and no levers", async () => {
    app.answers.organisation_role = "org-member";
    render(Admin);
    await screen.findByText(/Owners and admins manage/);
    expect(screen.queryByRole("tab")).toBeNull();
  });
});

it.each(["de", "zh", "en-XA", "ar-XB"])("screens follow the language %s", async (locale) => {
  language.choose(locale);
  flushSync();
  render(Locked);
  expect(screen.queryByText("Sealwire is locked")).toBeNull();
  expect(await violations()).toEqual([]);
});
