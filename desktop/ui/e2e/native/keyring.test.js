// A person with a keyring, who types no passphrase, and what the settings and the system do.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { DeskWithKeyring, until } from "./desk.js";

let desk, alice;
before(async () => {
  desk = await DeskWithKeyring.begin();
  alice = await desk.person("alice");
  await alice.join(desk.owner_link);
});
after(() => desk?.end());

test("with a keyring the profile opens by itself", async () => {
  assert.equal((await alice.call("state")).lock, "keychain");
  await alice.call("create_conversation", { name: "Notes", members: [] });
  await alice.goto("Notes");
  await alice.say("Kept");
  await alice.reads("Kept");
  await alice.end();
  await alice.start();
  await alice.goto("Notes");
  await alice.reads("Kept");
});

test("autostart is what the settings say", async () => {
  const entry = join(desk.folder, ".config/autostart/sealwire-desktop.desktop");
  assert.ok(!existsSync(entry));
  await alice.call("change_settings", { autostart: true });
  await until(() => existsSync(entry), "the entry");
  assert.match(readFileSync(entry, "utf8"), new RegExp(`^Exec=.*sealwire-desktop --home "${alice.home}"$`, "m"));
  await alice.call("change_settings", { autostart: false });
  await until(() => !existsSync(entry), "no entry");
});

test("without a tray there is none to close to; the app ends and remembers its place", async () => {
  const { platform } = await alice.call("state");
  assert.deepEqual(platform, { tray: false, notifications: true, content_protection: false, native: true });
  // Its answer may not come any more.
  await alice.call("quit").catch(() => undefined);
  await until(() => existsSync(join(alice.home, "window.json")), "where the window was");
  assert.deepEqual(alice.problems, []);
});
