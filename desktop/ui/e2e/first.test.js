import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { violations, World } from "./world.js";

let world;
before(async () => (world = await World.begin()));
after(() => world?.end());

test("a new person joins and sends a first message in few steps", async () => {
  const alice = await world.person("alice");
  await alice.page.locator("input").first().waitFor();
  assert.deepEqual(await violations(alice.page), []);
  await alice.shot("first-run");
  await alice.join(world.owner_link);
  const { link } = await alice.call("invite", { role: "org-member", expires_in_s: 3_600 });
  const bob = await world.person("bob");
  await bob.join(link);
  await bob.page.getByText("No conversations yet").waitFor();
  assert.deepEqual(await violations(bob.page), []);
  await bob.shot("empty");

  await bob.press("Control+n");
  await bob.page.getByRole("dialog").waitFor();
  await bob.type("alice@acme");
  await bob.press("Enter");
  const open = bob.page.getByRole("dialog").locator("button[type=submit], footer button").last();
  for (let tries = 0; tries < 40 && (await open.isDisabled()); tries += 1) await bob.page.waitForTimeout(100);
  await bob.click(open);
  await bob.composer.waitFor();
  await bob.composer.focus();
  await bob.type("Hello Alice");
  await bob.press("Enter");
  await bob.message("Hello Alice").waitFor();
  await alice.conversation("bob").waitFor();
  await alice.goto("bob");
  await alice.message("Hello Alice").waitFor();
  console.log(`first run to first message: ${bob.clicks} clicks, ${bob.keys} keys`);
  // The longest of it are the name, a passphrase and the text itself.
  assert.ok(bob.clicks <= 3 && bob.keys <= 100, `${bob.clicks} clicks, ${bob.keys} keys`);
  await bob.shot("first-message");
  for (const person of [alice, bob]) assert.deepEqual(person.problems, []);
});
