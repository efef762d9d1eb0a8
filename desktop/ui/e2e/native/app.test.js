// The real application: two people, two profiles, one relay.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Desk, until } from "./desk.js";

let desk, alice, bob;
before(async () => (desk = await Desk.begin()));
after(() => desk?.end());

test("two people join by invitation", async () => {
  alice = await desk.person("alice");
  await alice.app.see("textarea, input");
  await alice.shot("native-first-run");
  await alice.join(desk.owner_link);
  const { link } = await alice.call("invite", { role: "org-member", expires_in_s: 3_600 });
  bob = await desk.person("bob");
  await bob.join(link);
  await bob.shot("native-empty");
});

test("they talk, and find what was said", async () => {
  await alice.call("create_conversation", { name: "Quality board", members: ["bob@acme"] });
  await alice.goto("Quality board");
  await alice.say("Das Prüfprotokoll liegt bei");
  await bob.goto("Quality board");
  await bob.reads("Das Prüfprotokoll liegt bei");
  await bob.say("审计小组周五开会");
  await alice.reads("审计小组周五开会");
  await alice.shot("native-chat");
  await alice.app.press("Control+k");
  await alice.app.fill("[role=combobox]", "审计");
  await alice.app.see("[role=option] mark", "审计");
  await alice.shot("native-switcher");
  await alice.app.press("Escape");
  await alice.app.gone("[role=combobox]");
});

test("a notification tells as much as it may, and leads to what it tells of", async () => {
  // The window that was opened last has the focus: Bob needs none.
  await alice.call("create_conversation", { name: "Notes", members: [] });
  await alice.goto("Notes");
  await desk.notifications("org.dunstproject.cmd0.NotificationCloseAll");
  await until(async () => (await desk.shown()) === 0, "nothing is shown");
  await bob.say("Please look at batch 2417");
  await until(async () => (await desk.shown()) === 1, "a notification");
  await desk.notifications("org.dunstproject.cmd0.NotificationAction", "0");
  await alice.reads("Please look at batch 2417");
  await until(async () => (await desk.shown()) === 0, "it is gone");
  const history = await desk.notifications("org.dunstproject.cmd0.NotificationListHistory");
  assert.match(history, /'summary': <'bob@acme · Quality board'>/);
  assert.doesNotMatch(history, /2417/);
});

test("a lock hides everything until the passphrase is typed", async () => {
  await bob.app.press("Control+l");
  await bob.app.see("input[type=password]");
  await bob.app.gone("*", "Quality board");
  const { problem } = await bob.invoke("call", { method: "conversation_rows", params: { filter: "all" } });
  assert.equal(problem.code, "locked");
  await bob.shot("native-locked");
  await bob.unlock();
  await bob.app.see("[data-conversation]", "Quality board");
});

test("a second start hands over its link and ends; the person decides", async () => {
  const row = (await alice.call("conversation_rows", { filter: "groups" }))[0];
  const terms = { conversation: row.id, role: "member", uses: 1, expires_in_s: 3_600 };
  const { link } = await alice.call("make_chat_link", terms);
  const { link: invitation } = await alice.call("invite", { role: "org-member", expires_in_s: 3_600 });
  assert.equal(await bob.again(link), 0);
  await bob.app.see("[role=dialog]", "alice@acme");
  await bob.shot("native-link");
  await bob.app.press("Escape");
  await bob.app.gone("[role=dialog]");
  assert.equal(await bob.call("waiting_link"), null);
  // An invitation is for a first run, and there it waits to be looked at.
  const carol = await desk.person("carol", [invitation]);
  await carol.app.see("dd, p, span", "acme");
  await carol.end();
});

test("the page can ask for nothing but the app's three commands, and goes nowhere else", async () => {
  for (const command of ["plugin:app|version", "plugin:event|listen", "plugin:dialog|open", "plugin:opener|open_url", "other"]) {
    const asked = bob.app.run((command) => {
      window.answered = undefined;
      window.__TAURI_INTERNALS__.invoke(command, {}).then((ok) => (window.answered = { ok }), (no) => (window.answered = { no }));
    }, command);
    await asked;
  }
  await bob.call("state");
  assert.equal(await bob.app.run(() => window.answered?.ok), null);
  for (const address of ["https://example.org/", "data:text/html,x", "tauri://elsewhere/"]) {
    await bob.app.run((address) => void (location.href = address), address);
  }
  await bob.call("state");
  assert.match(await bob.app.ask("GET", "/url"), /^tauri:\/\/localhost/);
  assert.equal(await bob.app.run(() => typeof window.__TAURI__), "undefined");
});

test("no policy of the page was broken", () => {
  const asked = /the front end may not ask for this|example\.org|elsewhere/;
  for (const person of [alice, bob]) assert.deepEqual(person.problems.filter((line) => !asked.test(line)), []);
});
