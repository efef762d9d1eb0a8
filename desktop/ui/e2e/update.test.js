// Updates of the app, in a browser: what is said of them, and that nothing is installed unasked.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { grouped, newKey, offer, publicPem, signer } from "./release.js";
import { violations, World } from "./world.js";

let world, alice;
const key = newKey();
before(async () => {
  world = await World.begin();
  world.release_key = publicPem(key);
  [alice] = await world.together();
});
after(() => world?.end());

test("an update that is signed and logged is told in a calm line, with whose it is", async () => {
  const { page } = alice;
  assert.equal((await alice.call("update")).stage, "none");
  offer(world, key, "99.0.0");
  // Served once its entry is in a head that everybody can read.
  for (let tries = 0; tries < 100 && (await alice.call("check_update")).update === null; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const line = page.getByRole("status").filter({ hasText: "Version 99.0.0 is ready" });
  await line.waitFor();
  const { update } = await alice.call("update");
  assert.match(await line.innerText(), new RegExp(`Signed by ${grouped(signer(key))}, entry ${update.number} of the log`));
  assert.deepEqual(await violations(page), []);
  assert.equal(await page.getByRole("dialog").count(), 0);
  await alice.shot("update-ready");

  // The bridge says that it cannot, and the update stays.
  await line.getByRole("button", { name: "Install" }).click();
  await page.getByText("the update was not installed").waitFor();
  await line.getByRole("button", { name: "Later" }).click();
  await line.waitFor({ state: "detached" });
});

test("the settings say how updates stand and who signs them", async () => {
  const { page } = alice;
  await alice.press("Control+,");
  await page.getByRole("tab", { name: "About" }).click();
  await page.getByText("Version 99.0.0 is ready to be installed.").waitFor();
  await page.getByText(grouped(signer(key)), { exact: true }).waitFor();
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "Check now" }).click();
  await page.getByText("Version 99.0.0 is ready to be installed.").waitFor();
  await alice.press("Escape");
});
