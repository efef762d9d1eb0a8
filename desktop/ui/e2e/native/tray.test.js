// The icon in the tray: what it tells while the window is closed, and what its menu does.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, test } from "node:test";
import { DeskWithTray, until } from "./desk.js";

let desk, alice, bob, icon, plain;
before(async () => {
  desk = await DeskWithTray.begin();
  [alice, bob] = await desk.together("bob");
  icon = await desk.panel.icon(alice);
  plain = await until(() => icon.picture(), "a picture");
  await alice.call("create_conversation", { name: "Quality board", members: ["bob@acme"] });
  await bob.goto("Quality board");
  await alice.goto("Quality board");
});
after(() => desk?.end());

const tells = (label) => until(async () => (await icon.label()) === label, `“${label}” beside the icon`);

test("Alice's window is closed, and her app stays in the tray", async () => {
  assert.equal((await alice.call("state")).platform.tray, true);
  assert.deepEqual([...(await icon.menu()).keys()], ["Open Sealwire", "Lock", "Quit"]);
  assert.equal(await icon.label(), "");
  await alice.close();
  assert.ok(existsSync(`/proc/${alice.id}`));
  assert.equal(await icon.get("Status"), "Active");
});

test("what Bob writes meanwhile is told beside the icon, as a number and a mark", async () => {
  await bob.say("Batch 2417 is released");
  await tells("1");
  await bob.say("Batch 2418 is not");
  await tells("2");
  const marked = await until(() => icon.picture(), "a picture");
  assert.notEqual(marked, plain);
  assert.equal(await alice.window(), "", "no window comes unasked");
});

test("the menu brings the window back", async () => {
  await icon.choose("Open Sealwire");
  await until(() => alice.window(), "the window");
  await alice.reads("Batch 2418 is not");
});

test("what stands before Alice then is read", async () => {
  await tells("");
});

test("what Alice has read and answered is told no more", async () => {
  await alice.say("Thank you");
  await tells("");
  await until(async () => (await icon.picture()) === plain, "the plain icon");
});

test("the menu locks the app, and then has nothing to lock", async () => {
  await icon.choose("Lock");
  await alice.app.see("input[type=password]");
  await until(async () => !(await icon.menu()).get("Lock").enabled, "nothing to lock");
  await alice.unlock();
  await until(async () => (await icon.menu()).get("Lock").enabled, "something to lock");
});

test("the menu ends the app", async () => {
  await icon.choose("Quit");
  await alice.ended();
});

test("no policy of the page was broken", () => {
  for (const person of [alice, bob]) assert.deepEqual(person.problems, []);
});
