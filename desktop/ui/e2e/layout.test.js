// Panes, panels and keys in windows of every width, against the real client.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { violations, World } from "./world.js";

let world, alice, page;
const WIDE = { width: 1280, height: 800 };
before(async () => {
  world = await World.begin();
  [alice] = await world.together("bob");
  page = alice.page;
  const release = await alice.call("create_conversation", { name: "Release team", members: ["bob@acme"] });
  const audit = await alice.call("create_conversation", { name: "Audit", members: ["bob@acme"] });
  for (let at = 1; at <= 4; at += 1) {
    await alice.call("post", { conversation: release, text: `Batch ${at} is ready` });
    await alice.call("post", { conversation: audit, text: `Batch ${at} was checked` });
  }
  await alice.goto("Release team");
  await alice.message("Batch 4 is ready").waitFor();
});
after(() => world?.end());
beforeEach(async () => {
  await alice.call("change_settings", { zoom: 100 });
  await page.setViewportSize(WIDE);
  // What one test left open is nothing to the next.
  await page.keyboard.press("Escape");
  await rail(/^Chats/).click();
  await page.keyboard.press("Escape");
});

const rail = (name) => page.locator("[data-region=rail]").getByRole("button", { name });
const panel = () => page.locator("[data-region=panel]");
const field = () => page.getByLabel("What to look for");
const width = (locator) => locator.evaluate((element) => element.getBoundingClientRect().width);
const calm = async (what) => assert.deepEqual(await violations(page), [], what);
const focused = (locator) => locator.evaluate((element) => element === document.activeElement);
/** Waits until the focus is there. */
async function focuses(locator, what) {
  const handle = await locator.elementHandle();
  await page.waitForFunction((element) => element === document.activeElement, handle).catch(() => assert.fail(what));
}

for (const [name, viewport, zoom] of [["400 pixels", { width: 400, height: 700 }, 100], ["200 % in 1280 pixels", WIDE, 200]]) {
  test(`the organisation and compliance lead back at ${name}`, async () => {
    for (const [place, heading] of [["Organisation", "acme"], ["Compliance", "Compliance"]]) {
      await rail(place).click();
      await page.getByRole("heading", { level: 1, name: heading }).waitFor();
      await alice.call("change_settings", { zoom });
      await page.setViewportSize(viewport);
      await rail(place).waitFor({ state: "hidden" });
      await calm(`${place} at ${name}`);
      await page.getByRole("button", { name: "Back", exact: true }).click();
      await alice.composer.waitFor();
      await alice.call("change_settings", { zoom: 100 });
      await page.setViewportSize(WIDE);
      await rail(place).waitFor();
    }
  });
}

test("a conversation is never pressed flat by a panel: the panel lies over it", async () => {
  await alice.composer.focus();
  await page.keyboard.press("Control+Shift+I");
  await panel().waitFor();
  for (const wide of [720, 800, 900, 1000, 1040, 1280]) {
    await page.setViewportSize({ width: wide, height: 800 });
    const room = await width(page.locator("main.conversation, [inert].conversation").first());
    const beside = await width(panel());
    assert.ok(beside === room || (room >= 400 && beside >= 280), `${room} pixels beside ${beside} in a window of ${wide}`);
    await calm(`panel at ${wide}`);
  }
  await page.setViewportSize({ width: 900, height: 800 });
  await page.getByRole("main", { name: "Details" }).waitFor();
  await page.getByRole("tab", { name: "Rules" }).focus();
  await page.keyboard.press("Escape");
  await panel().waitFor({ state: "detached" });
  await focuses(alice.composer, "the composer has the focus again");
  await page.keyboard.press("Control+Shift+I");
  await page.waitForFunction(() => document.activeElement?.closest("[data-region=panel]"));
  await alice.conversation("Release team").click();
  await panel().waitFor({ state: "detached" });
});

test("a result in a narrow window is shown, and not covered by the results", async () => {
  await page.setViewportSize({ width: 400, height: 700 });
  await page.keyboard.press("Control+Shift+F");
  await field().fill("batch 1");
  await page.getByRole("button", { name: /Batch 1 is ready/ }).click();
  await panel().waitFor({ state: "detached" });
  await focuses(alice.message("Batch 1 is ready"), "the message has the focus");
});

test("results are stepped through by keys for as long as there are some", async () => {
  await page.keyboard.press("Control+Shift+F");
  await field().fill("batch");
  await page.getByText("4 messages").waitFor();
  const current = () => page.locator("[data-hit] [aria-current=true]").textContent();
  const seen = [];
  for (const keys of ["Enter", "Enter", "F3", "Shift+F3"]) {
    await page.keyboard.press(keys);
    seen.push((await current()).match(/Batch \d/)[0]);
    assert.ok(await focused(field()), `the focus stays in the field after ${keys}`);
  }
  assert.deepEqual(seen, ["Batch 4", "Batch 3", "Batch 2", "Batch 3"]);
  await alice.composer.click();
  await page.keyboard.press("F3");
  assert.match(await current(), /Batch 2/);
  assert.ok(await focused(alice.composer));
  await page.keyboard.press("Control+Shift+F");
  assert.deepEqual([await field().inputValue(), await focused(field())], ["batch", true]);
  await page.getByText("3 of 4").waitFor();
  // Everywhere, results lead from one conversation into another.
  await page.getByText("Only in this conversation").click();
  await page.getByText("8 messages").waitFor();
  await page.keyboard.press("F3");
  await page.getByRole("heading", { name: "Audit" }).waitFor();
  await page.getByText("1 of 8").waitFor();
  await page.keyboard.press("Escape");
  await panel().waitFor({ state: "detached" });
  await alice.goto("Release team");
});

test("keys and commands open panels from every place, and return the focus", async () => {
  await rail("Compliance").click();
  await page.keyboard.press("Control+Shift+F");
  await focuses(field(), "the field of the search has the focus");
  await page.keyboard.press("Escape");
  await rail("Organisation").click();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill(">files");
  await page.keyboard.press("Enter");
  await panel().getByRole("heading", { name: "Files" }).waitFor();
  const from = page.locator("[data-region=head]").getByRole("button", { name: "Security" });
  await from.focus();
  await page.keyboard.press("Enter");
  await panel().getByRole("heading", { name: "Security" }).waitFor();
  await panel().getByRole("button", { name: "Close" }).focus();
  await page.keyboard.press("Enter");
  await focuses(from, "the button that opened the panel has the focus");
});

test("the size of text goes by keys", async () => {
  const size = () => page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue("--zoom"));
  for (const [keys, zoom] of [["Control+Equal", "1.1"], ["Control+Shift+Equal", "1.25"], ["Control+-", "1.1"], ["Control+0", "1"]]) {
    await page.keyboard.press(keys);
    await page.waitForFunction((zoom) => getComputedStyle(document.documentElement).getPropertyValue("--zoom") === zoom, zoom);
    assert.equal(await size(), zoom);
  }
});

test("what was open above the window is closed when it is unlocked again, and the place is kept", async () => {
  await alice.composer.fill("Half a sentence");
  await page.keyboard.press("Control+Shift+I");
  await page.keyboard.press("Control+,");
  await page.getByRole("tab", { name: "Lock" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Lock now" }).click();
  await page.getByLabel("Passphrase").fill("correct horse battery staple");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Release team" }).waitFor();
  await page.waitForFunction(() => document.querySelector("textarea")?.value === "Half a sentence");
  assert.equal(await page.getByRole("dialog").count(), 0);
  assert.equal(await panel().count(), 0);
  await alice.composer.fill("");
});

test("without a network every place says so, and counts what waits in all conversations", async () => {
  await world.stopRelay();
  const told = page.getByText("The relay does not answer.");
  await told.waitFor();
  await alice.say("Waits in a conversation that no filter shows");
  await page.getByText(/Messages in 1 conversation wait/).waitFor();
  await page.getByRole("button", { name: "Unread", exact: true }).click();
  await alice.conversation("Release team").waitFor({ state: "detached" });
  await rail("Compliance").click();
  await page.getByRole("heading", { level: 1, name: "Compliance" }).waitFor();
  assert.equal(await told.count(), 1);
  assert.equal(await page.getByText(/Messages in 1 conversation wait/).count(), 1);
  await calm("offline");
  await alice.shot("offline");
});

test("without a conversation there is no panel of one", async () => {
  await page.reload();
  await page.getByText("The relay does not answer.").waitFor();
  await page.keyboard.press("Control+Shift+I");
  await page.keyboard.press("Control+Shift+F");
  await panel().waitFor();
  assert.equal(await panel().getByRole("heading").first().textContent(), "Search");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+Shift+I");
  assert.equal(await panel().count(), 0);
  await alice.shot("offline-empty");
});

test("nothing was told on the console", () => assert.deepEqual(alice.problems, []));
