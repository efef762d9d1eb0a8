// The screens around the conversation, against the real client.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { violations, World } from "./world.js";

let world, alice, bob;
before(async () => {
  world = await World.begin();
  [alice, bob] = await world.together("bob");
});
after(() => world?.end());

/** Waits for something that another program does. */
async function until(asked, what) {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await asked()) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assert.fail(what);
}
const calm = async (person) => assert.deepEqual(await violations(person.page), []);

test("a group is founded, and what is written in it is found in German and Chinese", async () => {
  const { page } = alice;
  await alice.press("Control+n");
  await page.getByRole("tab", { name: "Group" }).click();
  await page.getByLabel("Name of the group").fill("Quality board");
  await page.getByLabel("Members", { exact: true }).fill("bob");
  await page.keyboard.press("Enter");
  await page.getByRole("list", { name: "Chosen" }).waitFor();
  await calm(alice);
  await page.getByRole("button", { name: "Create group" }).click();
  await alice.composer.waitFor();
  await bob.conversation("Quality board").waitFor();
  for (const text of ["Das Prüfprotokoll liegt bei", "审计小组周五开会", "Nothing of that"]) {
    await alice.say(text);
    await alice.message(text).waitFor();
  }
  await bob.goto("Quality board");
  await bob.message("审计小组周五开会").waitFor();

  await bob.press("Control+k");
  const field = bob.page.getByRole("combobox", { name: "Go to" });
  await field.fill("审计");
  await bob.page.getByRole("option").filter({ hasText: "审计小组周五开会" }).locator("mark").waitFor();
  await calm(bob);
  await field.fill("prüfprot");
  await bob.page.getByRole("option").filter({ hasText: "Prüfprotokoll" }).first().waitFor();
  await bob.press("Escape");
  await field.waitFor({ state: "detached" });

  await bob.press("Control+Shift+F");
  const search = bob.page.getByLabel("What to look for");
  await search.fill("审计 from:alice");
  await bob.page.getByText("1 message", { exact: true }).waitFor();
  await bob.page.getByRole("button", { name: "Remove filter From: alice" }).waitFor();
  await calm(bob);
  await search.press("Enter");
  await bob.page.getByText("1 of 1").waitFor();
  await search.fill("-has:link liegt");
  await bob.page.getByRole("button", { name: "Remove filter not Has: link" }).click();
  assert.equal(await search.inputValue(), "liegt");
});

test("two people see the same safety number, and verify each other", async () => {
  const numbers = [];
  for (const [person, other] of [[alice, "bob"], [bob, "alice"]]) {
    await person.press("Control+Shift+i");
    await person.page.getByRole("button", { name: new RegExp(`^${other} `) }).first().click();
    const number = person.page.getByRole("list", { name: /^Safety number/ });
    await number.waitFor();
    numbers.push((await number.innerText()).replace(/\s+/g, " "));
    await calm(person);
  }
  assert.equal(numbers[0], numbers[1]);
  assert.match(numbers[0], /^(\d{5} ?){12}$/);
  await alice.page.getByText("Compare by computer").click();
  await alice.page.getByLabel("The number that bob sees").fill(numbers[1]);
  await alice.page.getByText("The same. Mark it as verified.").waitFor();
  await alice.page.getByRole("button", { name: "Mark as verified" }).click();
  await alice.page.getByRole("button", { name: "Take verification back" }).waitFor();
  const { verified } = await alice.call("contact", { handle: "bob@acme" });
  assert.equal(verified, true);
});

test("both see the same security receipt, and check the log", async () => {
  const receipts = [];
  for (const person of [alice, bob]) {
    const [row] = await person.call("conversation_rows", { filter: "groups" });
    receipts.push(await person.call("security", { conversation: row.id }));
    await person.page.getByRole("group", { name: "Conversation tools" }).getByRole("button", { name: "Security" }).click();
    await person.page.getByText(receipts.at(-1).members_hash).waitFor();
    await calm(person);
  }
  assert.equal(receipts[0].epoch_authenticator, receipts[1].epoch_authenticator);
  assert.equal(receipts[0].members_hash, receipts[1].members_hash);
  await alice.page.getByRole("button", { name: "Verify now" }).click();
  await alice.page.getByText(/^Consistent: \d+ entries/).waitFor();
  await alice.page.getByRole("button", { name: "Show proof" }).click();
  await alice.page.getByRole("dialog").getByText("Signed head").first().waitFor();
  await calm(alice);
  await alice.press("Escape");
});

test("an owner gives a role, sets a timer and makes a link that lets somebody ask", async () => {
  await alice.press("Control+Shift+i");
  await alice.page.getByRole("button", { name: "Actions for bob" }).click();
  await alice.page.getByRole("menuitemcheckbox", { name: "admin" }).click();
  const [row] = await alice.call("conversation_rows", { filter: "groups" });
  await until(async () => (await bob.call("conversation", { conversation: row.id })).role === "admin", "bob is no admin");
  await alice.page.getByRole("tab", { name: "Rules" }).click();
  await alice.page.getByLabel("Disappearing messages", { exact: true }).selectOption("86400");
  await until(async () => (await alice.call("conversation_head", { conversation: row.id })).policy.timer_s === 86_400, "no timer");
  await calm(alice);
  await alice.page.getByRole("tab", { name: "Members" }).click();
  await alice.page.getByRole("button", { name: "Make a link" }).click();
  const link = await alice.page.locator("[data-link]").innerText();
  await calm(alice);
  await alice.press("Escape");

  const invitation = await alice.call("invite", { role: "org-member", expires_in_s: 3_600 });
  const carol = await world.person("carol");
  await carol.join(invitation.link);
  await carol.press("Control+n");
  await carol.page.getByRole("tab", { name: "By link" }).click();
  await carol.page.getByLabel("Link to a conversation").fill(link);
  await carol.page.getByRole("button", { name: "Ask to join" }).click();
  await alice.page.getByText("carol asks to be let in").waitFor();
  await alice.page.getByRole("button", { name: "Review" }).click();
  await calm(alice);
  await alice.page.getByRole("button", { name: "Let in" }).click();
  await carol.conversation("Quality board").waitFor();
  assert.deepEqual(carol.problems, []);
});

test("the policy is signed after its effect was shown", async () => {
  await alice.page.getByRole("navigation").getByRole("button", { name: "Organisation" }).click();
  for (const name of ["Members", "Invitations", "Policy"]) {
    await alice.page.getByRole("tab", { name }).click();
    await calm(alice);
  }
  const days = alice.page.getByLabel("Keep messages for at most (days)");
  await days.fill("30");
  await alice.page.getByText("Messages older than 30 days are removed").first().waitFor();
  await alice.page.getByRole("button", { name: "Sign and publish" }).click();
  await alice.page.getByRole("dialog").getByRole("button", { name: "Sign and publish" }).click();
  await until(async () => (await alice.call("organisation_policy"))?.max_message_days === 30, "not published");
  await alice.page.getByRole("navigation").getByRole("button", { name: "Compliance" }).click();
  await alice.page.getByText("30 days").first().waitFor();
  await calm(alice);
});

test("the owner sees a request with its clock, and how the relay fares", async () => {
  const { page } = alice;
  world.operate("request", "open", "erasure", "--handle", "bob@acme", "--reference", "letter 7");
  world.operate("request", "open", "access", "--handle", "bob@acme", "--reference", "letter 8", "--received", "2025-01-31T10:00:00Z");
  await page.getByRole("navigation").getByRole("button", { name: "Organisation" }).click();
  await page.getByRole("tab", { name: "Oversight" }).click();
  const late = page.getByRole("listitem").filter({ hasText: "Access (GDPR)" });
  await late.getByText(/Overdue by \d/).waitFor();
  await page.getByRole("listitem").filter({ hasText: "Erasure (GDPR)" }).getByText(/ left$/).waitFor();
  await page.getByText("Health of the relay").waitFor();
  await page.getByText(/no witnesses/).first().waitFor();
  await calm(alice);
  world.operate("request", "done", "2");
  await page.getByRole("button", { name: "Refresh" }).first().click();
  await late.getByText(/Done, .* late$/).waitFor();
  assert.ok(!(await page.locator("body").innerText()).includes("letter"), "the operator's references stay with the operator");
  await alice.press("Escape");
});

test("settings take effect at once, in every language and direction", async () => {
  await alice.press("Control+,");
  const dialog = alice.page.getByRole("dialog");
  await dialog.getByLabel("Colours").selectOption("dark");
  await alice.page.locator("html[data-theme=dark]").waitFor();
  for (const tab of await dialog.getByRole("tab").all()) {
    await tab.click();
    await calm(alice);
  }
  for (const [language, direction] of [["de", "ltr"], ["zh", "ltr"], ["en-XA", "ltr"], ["ar-XB", "rtl"], ["en", "ltr"]]) {
    await alice.call("change_settings", { language });
    await alice.page.locator(`html[lang="${language}"][dir=${direction}]`).waitFor();
    await calm(alice);
    const wide = await alice.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${language} is ${wide} pixels too wide`);
  }
  await alice.call("change_settings", { theme: "light" });
  await alice.press("Escape");
});

test("a lock hides everything, and a wrong passphrase opens nothing", async () => {
  await bob.press("Control+l");
  const field = bob.page.getByLabel("Passphrase");
  await field.waitFor();
  assert.equal(await bob.page.getByText("Quality board").count(), 0);
  await bob.type("wrong horse battery staple");
  await bob.press("Enter");
  await bob.page.getByText("That is not the passphrase").waitFor();
  await calm(bob);
  await field.fill("correct horse battery staple");
  await bob.press("Enter");
  await bob.conversation("Quality board").waitFor();
});

test("a relay that is gone is told calmly, and what is written waits", async () => {
  await bob.goto("Quality board");
  const listen = world.relay.said.listen ?? world.relay.said.address;
  await world.stopRelay();
  await bob.page.getByText("The relay does not answer.").waitFor();
  await bob.say("Written while the relay was away");
  await bob.page.getByText(/Messages in 1 conversation wait/).waitFor();
  await calm(bob);
  if (!listen) return;
  await world.startRelay(listen);
  await bob.page.getByText("The relay does not answer.").waitFor({ state: "detached" });
});

test("nothing was told on the console", () => {
  for (const person of [alice, bob]) assert.deepEqual(person.problems, []);
});
