// The real app takes an update: found at the relay, and handed to the system when the person says so.
import assert from "node:assert/strict";
import { createHash, createPrivateKey } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { grouped, offer, signer } from "../release.js";
import { Desk, until } from "./desk.js";

// The secret half of the key in the package: `cargo xtask test` makes both.
const SECRET = process.env.SEALWIRE_TEST_RELEASE_KEY;

let desk, alice, asked;
before(async () => {
  if (!SECRET) return;
  desk = await Desk.begin();
  const tools = join(desk.folder, "tools");
  asked = join(desk.folder, "asked");
  mkdirSync(tools);
  writeFileSync(join(tools, "pkexec"), `#!/bin/sh\nprintf '%s\\n' "$@" >'${asked}'\n`);
  chmodSync(join(tools, "pkexec"), 0o755);
  desk.env.PATH = `${tools}:${desk.env.PATH}`;
  [alice] = await desk.together();
});
after(() => desk?.end());

test("what the makers signed and the log holds is installed, and nothing else", { skip: !SECRET && "no key" }, async () => {
  const key = createPrivateKey(readFileSync(SECRET));
  assert.equal((await alice.call("update")).signer, signer(key), "the key of the package");
  const digest = offer(desk, key, "99.0.0");
  await until(async () => (await alice.call("check_update")).update, "the update is published");
  await alice.app.see("[role=status]", "Version 99.0.0 is ready");
  await alice.app.see("[role=status]", grouped(signer(key)));
  await alice.shot("native-update");
  assert.ok(!existsSync(asked), "nothing is installed unasked");
  await alice.app.click("[role=status] button", "Install");
  await alice.app.see("[role=status]", "Version 99.0.0 is installed");
  const words = readFileSync(asked, "utf8").trim().split("\n");
  const file = words.pop();
  assert.deepEqual(words, ["--disable-internal-agent", "/usr/bin/dpkg", "--refuse-downgrade", "--install"]);
  assert.equal(createHash("sha256").update(readFileSync(file)).digest("hex"), digest);
});

test("no policy of the page was broken", { skip: !SECRET && "no key" }, () => {
  assert.deepEqual(alice.problems, []);
});
