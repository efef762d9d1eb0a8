import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { violations, World } from "./world.js";

let world, alice, bob;
before(async () => {
  world = await World.begin();
  [alice, bob] = await world.together("bob");
  await alice.call("create_conversation", { name: "Release team", members: ["bob@acme"] });
  await alice.call("create_conversation", { name: "Audit", members: ["bob@acme"] });
  await bob.conversation("Release team").waitFor();
  await bob.conversation("Audit").waitFor();
  await alice.goto("Release team");
  await alice.say("Hello **Bob**, see https://example.org");
  await alice.message("Hello").waitFor();
});
after(() => world?.end());

const focus = () =>
  alice.page.evaluate(() => document.activeElement?.closest("[data-region]")?.getAttribute("data-region") ?? document.activeElement?.tagName);

async function clean(what) {
  assert.deepEqual(await violations(alice.page), [], what);
  await alice.shot(what);
}

for (const [theme, density, contrast] of [["light", "comfortable", "system"], ["dark", "compact", "system"], ["light", "comfortable", "more"], ["dark", "comfortable", "more"]]) {
  test(`axe finds nothing in ${theme}, ${density}, contrast ${contrast}`, async () => {
    await alice.call("change_settings", { theme, density, contrast });
    await alice.page.locator(`html[data-theme=${theme}][data-density=${density}]`).waitFor();
    await clean(`chat-${theme}-${contrast}`);
    await alice.message("Hello").focus();
    await clean(`message-${theme}-${contrast}`);
    await alice.page.keyboard.press("Enter");
    await alice.page.getByRole("menu").waitFor();
    await clean(`menu-${theme}-${contrast}`);
    await alice.page.keyboard.press("Escape");
    await alice.page.getByRole("menu").waitFor({ state: "detached" });
    await alice.page.keyboard.press("Control+/");
    await alice.page.getByRole("dialog").waitFor();
    await clean(`shortcuts-${theme}-${contrast}`);
    await alice.page.keyboard.press("Escape");
    await alice.page.getByRole("dialog").waitFor({ state: "detached" });
    await alice.composer.fill("@b");
    await alice.page.getByRole("option").first().waitFor();
    await clean(`suggestions-${theme}-${contrast}`);
    await alice.composer.fill("");
    await alice.page.getByRole("button", { name: "Emoji", exact: true }).click();
    await alice.page.getByLabel("Search emoji").waitFor();
    await clean(`emoji-${theme}-${contrast}`);
    await alice.page.keyboard.press("Escape");
    await alice.page.getByLabel("Search emoji").waitFor({ state: "detached" });
  });
}

test("languages, directions, zoom and a narrow window lose nothing", async () => {
  await alice.call("change_settings", { theme: "light", density: "comfortable", contrast: "system" });
  for (const change of [{ language: "de" }, { language: "zh" }, { language: "en-XA" }, { language: "ar-XB" }, { language: "en", zoom: 200 }, { zoom: 80 }]) {
    await alice.call("change_settings", change).catch((error) => assert.match(String(error), /language/));
    await alice.page.waitForTimeout(200);
    const name = Object.values(change).join("-");
    await clean(`look-${name}`);
    assert.equal(await alice.page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, name);
  }
  await alice.call("change_settings", { zoom: 100, language: "en" });
  await alice.page.setViewportSize({ width: 400, height: 700 });
  await alice.page.getByRole("button", { name: "Back" }).waitFor();
  await clean("narrow-chat");
  await alice.page.getByRole("button", { name: "Back" }).click();
  await alice.conversation("Audit").waitFor();
  await clean("narrow-list");
  await alice.page.setViewportSize({ width: 1280, height: 800 });
  await alice.goto("Release team");
});

test("all of a day's work goes by keyboard", async () => {
  const { page } = alice;
  const seen = new Set();
  for (let step = 0; step < 8; step += 1) {
    await page.keyboard.press("F6");
    seen.add(await focus());
  }
  assert.deepEqual([...seen].sort(), ["composer", "head", "list", "messages", "rail"]);
  const current = () => page.locator('[data-conversation][aria-current="true"]').textContent();
  const before = await current();
  await page.keyboard.press("Alt+ArrowDown");
  if ((await current()) === before) await page.keyboard.press("Alt+ArrowUp");
  assert.notEqual(await current(), before);
  await page.keyboard.press("Alt+ArrowLeft");
  assert.equal(await current(), before);
  // Typing anywhere writes.
  await alice.message("Hello").waitFor();
  await alice.composer.waitFor();
  await page.locator("[data-region=list] [tabindex='0']").focus();
  await page.keyboard.type("written from the list");
  assert.equal(await alice.composer.inputValue(), "written from the list");
  await page.keyboard.press("Enter");
  // Only what the relay has can be answered.
  await alice.message("written from the list").locator(".status:not(.sending)").waitFor();
  // To the message, reply, send.
  await page.keyboard.press("Shift+F6");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("r");
  await page.keyboard.type("a reply by keys");
  await page.keyboard.press("Enter");
  await alice.message("a reply by keys").waitFor();
  // The keys that the sheet names are those that buttons name.
  const keys = await page.locator("[aria-keyshortcuts]").evaluateAll((all) => all.map((one) => one.getAttribute("aria-keyshortcuts")));
  assert.ok(keys.includes("Control+K") && keys.includes("Control+/"), keys.join(", "));
});

test("only new messages of the open conversation are read out", async () => {
  await bob.goto("Release team");
  await bob.say("Good morning");
  await alice.message("Good morning").waitFor();
  const live = alice.page.locator("[data-live]");
  assert.match(await live.textContent(), /^bob, .*Good morning$/);
  // The same words once more are told once more.
  await bob.say("Good morning");
  await live.locator("p").nth(1).waitFor({ state: "attached" });
  assert.match((await live.locator("p").allTextContents()).join("|"), /^bob, .*Good morning\|bob, .*Good morning$/);
  await bob.goto("Audit");
  await bob.say("Elsewhere");
  await alice.conversation("Audit").getByText("Elsewhere").waitFor();
  assert.doesNotMatch(await live.textContent(), /Elsewhere/);
});

test("nothing was stopped by the policy of the page, and nothing went out", () => {
  assert.deepEqual([alice.problems, bob.problems], [[], []]);
});
