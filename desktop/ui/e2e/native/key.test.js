// Bob's key changes as it can for anybody: his account is erased, and he joins anew on another computer.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Desk } from "./desk.js";

let desk, alice, bob, anew, direct;
before(async () => {
  desk = await Desk.begin();
  [alice, bob] = await desk.together("bob");
  // Bob's own group: in others, and between two, Alice's app would take the old Bob out at once.
  await bob.call("create_conversation", { name: "Cold room", members: ["alice@acme"] });
  direct = await alice.call("direct", { handle: "bob@acme" });
  for (const person of [alice, bob]) await person.goto("Cold room");
  await alice.say("Is the second one running?");
  await bob.reads("Is the second one running?");
  await bob.say("Since noon");
  await alice.reads("Since noon");
});
after(() => desk?.end());

const VERIFIED = "[aria-label=Verified]";
const row = (name) => `[data-panel] li:has(button[aria-label='Actions for ${name}'])`;
const between = (person) => person.app.click(`[data-conversation='${direct}']`, "");

/** Opens what a person's app shows of another. */
async function profile(person, name) {
  await person.app.click("[data-region=head] button[aria-label=Details]");
  await person.app.click(`${row(name)} button`, name);
  await person.app.see("[data-panel] [aria-label^='QR code']");
}

/** The safety number as it stands on the screen. */
async function number(person) {
  await person.app.see("[data-panel] ol[aria-label^='Safety number']");
  return person.app.run(() => [...document.querySelectorAll("[data-panel] ol[aria-label^='Safety number'] li")].map((one) => one.textContent).join(" "));
}

/** Alice types what another screen shows, and marks it if it is the same. */
async function compare(theirs) {
  const open = () => alice.app.run(() => document.querySelector("[data-panel] details").open);
  while (!(await open())) await alice.app.click("[data-panel] summary");
  await alice.app.fill("[data-panel] details input:not([type=file])", theirs);
  await alice.app.see("[data-panel] [role=status]", "The same");
  await alice.app.click("[data-panel] button", "Mark as verified");
  await alice.app.see("[data-panel] button", "Take verification back");
}

test("Alice verifies Bob by the number that he sees", async () => {
  await profile(bob, "alice");
  const theirs = await number(bob);
  assert.match(theirs, /^(\d{5} ?){12}$/);
  await profile(alice, "bob");
  await compare(theirs);
  await alice.app.click("[data-region=head] button[aria-label=Details]");
  await alice.app.see(`${row("bob")} ${VERIFIED}`);
  await between(alice);
  await alice.app.see(`[data-region=head] ${VERIFIED}`);
});

test("Bob has his account erased while Alice is away, and joins anew", async () => {
  const { link } = await alice.call("invite", { role: "org-member", expires_in_s: 3_600 });
  await alice.end();
  await bob.app.press("Control+,");
  await bob.app.click("[role=dialog] [role=tab]", "Account");
  await bob.app.click("[role=dialog] button", "Erase");
  await bob.app.fill("[role=dialog] form input", "bob@acme");
  await bob.app.click("[role=dialog]:has(form) button", "Erase");
  await bob.app.see("[role=dialog]", "Your account was erased");
  await bob.end();
  anew = await desk.person("bobs-new-computer");
  anew.name = "bob";
  await anew.join(link);
  assert.equal((await anew.call("state")).account.handle, "bob@acme");
});

test("Alice's app tells of it above the conversation, and nothing is in her way", async () => {
  await alice.start();
  await alice.unlock();
  await alice.goto("Cold room");
  await alice.app.see("[role=status]", "bob has another key now");
  assert.deepEqual(await alice.app.all("[role=dialog], [role=alertdialog]"), []);
  await alice.say("Does anybody know where Bob is?");
  await alice.app.see("[data-message]:has(.status.sent, .status.delivered)", "Does anybody know where Bob is?");
  await alice.app.see("[role=status]", "bob has another key now");
  await alice.shot("native-key");
});

test("the conversation with Bob does not call him verified any more", async () => {
  await between(alice);
  await alice.app.see("[role=status]", "bob has another key now");
  await alice.app.gone(`[data-region=head] ${VERIFIED}`);
  await alice.goto("Cold room");
  await alice.app.click("[data-region=head] button[aria-label=Security]");
  await alice.app.see("[data-panel] p", "You have verified 0 of 1 people");
});

test("neither does the list of members", async () => {
  await alice.app.click("[data-region=head] button[aria-label=Details]");
  await alice.app.see(row("bob"), "New key");
  assert.deepEqual(await alice.app.all(`${row("bob")} ${VERIFIED}`), []);
});

test("the notice leads Alice to the new number, and once she has compared it, she can write to him", async () => {
  await anew.call("direct", { handle: "alice@acme" });
  await anew.goto("alice");
  await profile(anew, "alice");
  await alice.app.click("[role=status] button", "Verify");
  await alice.app.see("[data-panel]", "bob has another key than before");
  const theirs = await number(anew);
  assert.equal(await number(alice), theirs);
  await compare(theirs);
  await alice.app.gone("[role=status]", "bob has another key now");
  await alice.app.click("[data-panel] button", "Message");
  await alice.app.see("[data-region=head]", "bob@acme");
  await alice.say("Welcome back");
  await anew.reads("Welcome back");
});

test("what is left of the old Bob is not taken for the new one", async () => {
  await alice.goto("Cold room");
  await alice.app.click("[data-region=head] button[aria-label=Details]");
  await alice.app.see(row("bob"));
  assert.deepEqual(await alice.app.all(`${row("bob")} ${VERIFIED}`), []);
});

test("no policy of the page was broken", () => {
  for (const person of [alice, bob, anew]) assert.deepEqual(person.problems, []);
});
