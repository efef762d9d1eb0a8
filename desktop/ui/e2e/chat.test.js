import assert from "node:assert/strict";
import { readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { World } from "./world.js";

let world, alice, bob;
before(async () => {
  world = await World.begin();
  [alice, bob] = await world.together("bob");
  await alice.call("create_conversation", { name: "Release team", members: ["bob@acme"] });
  await bob.conversation("Release team").waitFor();
  // Nobody tells of typing who has not agreed to.
  for (const person of [alice, bob]) await person.call("set_typing", { on: true });
  await alice.goto("Release team");
  await bob.goto("Release team");
});
after(() => world?.end());

/** Waits until `look` holds. */
async function until(look, what) {
  for (let tries = 0; tries < 150; tries += 1) {
    if (await look()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(what);
}

const drop = (name) =>
  alice.page.evaluate((name) => {
    const data = new DataTransfer();
    data.items.add(new File(["contents of a file"], name, { type: "text/plain" }));
    for (const kind of ["dragenter", "dragover", "drop"]) {
      window.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
    }
  }, name);

test("a conversation goes both ways, and says how far it has come", async () => {
  await alice.say("Shall we ship **today**?");
  await bob.message("Shall we ship").waitFor();
  assert.equal(await bob.message("Shall we ship").locator("strong").textContent(), "today");
  await bob.say("Yes, after lunch");
  await alice.message("Yes, after lunch").waitFor();
  await until(async () => (await alice.message("Shall we ship").locator(".status.read").count()) === 1, "Bob has read it");
  assert.match(await alice.message("Shall we ship").getAttribute("aria-label"), /^You, .*Shall we ship \*\*today\*\*\?, read$/);
});

test("typing is shown, and what was begun is kept", async () => {
  await bob.composer.click();
  await bob.page.keyboard.type("I was about to");
  await alice.page.getByText("bob is typing…").first().waitFor();
  await alice.call("create_conversation", { name: "Other", members: [] });
  const id = await alice.conversation("Release team").getAttribute("data-conversation");
  await until(async () => (await bob.call("draft", { conversation: id }))?.text === "I was about to", "the core has the draft");
  await bob.page.reload();
  await bob.goto("Release team");
  await until(async () => (await bob.composer.inputValue()) === "I was about to", "the draft is back");
  await bob.composer.fill("");
});

test("a reply quotes, and leads back", async () => {
  await bob.act("Shall we ship", "Reply");
  await bob.say("I would say so");
  const reply = alice.message("I would say so");
  await reply.waitFor();
  await reply.getByRole("button", { name: /Shall we ship/ }).click();
  await until(async () => alice.page.evaluate(() => document.activeElement?.textContent?.includes("Shall we ship")), "the quoted message has the focus");
});

test("reactions are told with who gave them, and toggle", async () => {
  await bob.act("Yes, after lunch", "React");
  await bob.page.getByLabel("Search emoji").fill("tada");
  await bob.page.keyboard.press("Enter");
  const given = alice.message("Yes, after lunch").getByRole("button", { name: "🎉 by bob" });
  await given.waitFor();
  await given.focus();
  await alice.page.keyboard.press("Enter");
  await bob.message("Yes, after lunch").getByRole("button", { name: /🎉 by .*alice/ }).waitFor();
  await alice.message("Yes, after lunch").getByRole("button", { name: /🎉 by .*alice/ }).waitFor();
  await alice.page.keyboard.press("Enter");
  await bob.message("Yes, after lunch").getByRole("button", { name: "🎉 by bob", exact: true }).waitFor();
});

test("the last message is edited by the arrow up", async () => {
  await bob.composer.click();
  await bob.page.keyboard.press("ArrowUp");
  assert.equal(await bob.composer.inputValue(), "I would say so");
  await bob.composer.fill("I would say no");
  await bob.page.keyboard.press("Enter");
  await alice.message("I would say no").getByText("edited").waitFor();
  assert.equal(await alice.message("I would say so").count(), 0);
});

test("a deleted message leaves a mark and no text", async () => {
  await bob.message("I would say no").focus();
  await bob.page.keyboard.press("Delete");
  await bob.page.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click();
  await alice.message("Message deleted").waitFor();
  assert.equal(await alice.message("I would say no").count(), 0);
});

test("a message that asks for it is confirmed", async () => {
  await alice.composer.fill("/ack");
  await alice.composer.press("Enter");
  await alice.say("Read the policy");
  await bob.message("Read the policy").getByRole("button", { name: "Confirm" }).click();
  await alice.message("Read the policy").getByText("1 of 1 confirmed").waitFor();
});

test("a file is dropped, reviewed, sent, fetched and saved", async () => {
  await drop("notes.txt");
  const sheet = alice.page.getByRole("dialog", { name: "Send 1 file" });
  await sheet.waitFor();
  await sheet.getByLabel("Caption").fill("The notes");
  await sheet.getByRole("button", { name: "Send", exact: true }).click();
  const tile = bob.message("The notes");
  await tile.getByText("notes.txt").waitFor();
  const fetch = tile.getByRole("button", { name: /^Download/ });
  if (await fetch.count()) await fetch.click();
  await tile.getByRole("button", { name: "Save notes.txt" }).click();
  await until(() => readdirSync(bob.downloads).includes("notes.txt"), "the file is in Bob's folder");
});

test("what is said while the relay is away waits, and goes out after", async () => {
  const listen = new URL(world.relay.said.listening).host;
  await world.stopRelay();
  await alice.page.getByText(/^The relay does not answer/).first().waitFor();
  await alice.say("Written offline");
  await alice.message("Written offline").locator(".status.sending").waitFor();
  // What waits is listed, and can be written anew or removed.
  await alice.page.getByText("Show what waits").click();
  await alice.page.locator("summary:has-text('Show what waits') + ul").getByText("Written offline").waitFor();
  await alice.message("Written offline").getByRole("button", { name: "Edit" }).click();
  await alice.message("Written offline").waitFor({ state: "detached" });
  assert.equal(await alice.composer.inputValue(), "Written offline");
  await alice.composer.fill("Written offline, twice");
  await alice.composer.press("Enter");
  await alice.message("Written offline, twice").waitFor();
  await alice.say("Not to be sent");
  await alice.message("Not to be sent").getByRole("button", { name: "Delete" }).click();
  await alice.message("Not to be sent").waitFor({ state: "detached" });
  await world.startRelay(listen);
  await bob.message("Written offline, twice").waitFor({ timeout: 60_000 });
  assert.equal(await bob.message("Not to be sent").count(), 0);
});

test("a message that failed is sent again with its file", async () => {
  const listen = new URL(world.relay.said.listening).host;
  await world.stopRelay();
  await alice.page.getByText(/^The relay does not answer/).first().waitFor();
  await drop("evidence.txt");
  const sheet = alice.page.getByRole("dialog", { name: "Send 1 file" });
  await sheet.getByLabel("Caption").fill("The evidence");
  const folder = join(world.folder, "alice", "profiles", "desktop", "files");
  const before = new Set(readdirSync(folder));
  await sheet.getByRole("button", { name: "Send", exact: true }).click();
  await alice.message("The evidence").waitFor();
  // Its copy is out of reach while it is to be uploaded.
  const [copy] = readdirSync(folder).filter((name) => !before.has(name));
  renameSync(join(folder, copy), join(world.folder, copy));
  await world.startRelay(listen);
  const failed = alice.message("The evidence").getByRole("group", { name: "not sent" });
  await failed.waitFor({ timeout: 60_000 });
  await failed.getByRole("button", { name: "Try again" }).click();
  await alice.page.getByText(/^Choose the file again/).waitFor();
  renameSync(join(world.folder, copy), join(folder, copy));
  await failed.getByRole("button", { name: "Try again" }).click();
  await failed.waitFor({ state: "detached" });
  const tile = bob.message("The evidence");
  await tile.getByText("evidence.txt").waitFor();
  const fetch = tile.getByRole("button", { name: /^Download/ });
  if (await fetch.count()) await fetch.click();
  await tile.getByRole("button", { name: "Save evidence.txt" }).waitFor();
});

test("a conversation opens at what is unread, says how much that is, and leads to a mention", async () => {
  // What was told of the file above stays until it is closed.
  const notes = alice.page.getByRole("region", { name: "Notes" }).getByRole("button", { name: "Close" });
  while (await notes.count()) await notes.first().click();
  await alice.goto("Other");
  const conversation = await bob.conversation("Release team").getAttribute("data-conversation");
  for (let number = 1; number <= 60; number += 1) {
    await bob.call("post", { conversation, text: number === 55 ? "@alice, this is for you" : `Note ${number} of 60` });
  }
  await alice.conversation("Release team").getByText("60 unread messages").waitFor({ state: "attached" });
  await alice.goto("Release team");
  await alice.message("Note 1 of 60").waitFor();
  // Some of them are in sight at once.
  await alice.page.getByRole("button", { name: /^Go to the newest message \([345]\d\)$/ }).waitFor();
  await alice.page.getByRole("button", { name: "Go to the next mention (1)" }).click();
  await until(async () => alice.page.evaluate(() => document.activeElement?.textContent?.includes("this is for you")), "the mention has the focus");
  await alice.page.getByRole("button", { name: /^Go to the next mention/ }).waitFor({ state: "detached" });
});

test("the composer shows all that is written, however wide the window is", async () => {
  const whole = () => alice.composer.evaluate((field) => field.scrollHeight <= field.clientHeight);
  await alice.composer.fill("A text that stands in one line of a wide window. ".repeat(2));
  assert.ok(await whole());
  await alice.page.setViewportSize({ width: 800, height: 800 });
  await until(whole, "it is as high as its text");
  await alice.composer.fill("");
});

test("nothing was stopped by the policy of the page, and nothing went out", () => {
  const own = ({ problems }) => problems.filter((text) => !/ERR_CONNECTION|WebSocket/.test(text));
  assert.deepEqual([own(alice), own(bob)], [[], []]);
});
