// What comes and goes: pictures, the relay, messages with a time.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { Desk, read, until } from "./desk.js";

let desk, alice, bob, conversation;
before(async () => {
  desk = await Desk.begin();
  // What desktops open addresses with; this one notes how it was started.
  const programs = join(desk.folder, "bin");
  mkdirSync(programs);
  writeFileSync(join(programs, "xdg-open"), `#!/bin/sh\n{ echo "$1"; env; } >'${desk.folder}/opened.part' && mv '${desk.folder}/opened.part' '${desk.folder}/opened'\n`, { mode: 0o755 });
  desk.env.PATH = `${programs}:${desk.env.PATH}`;
  [alice, bob] = await desk.together("bob");
  conversation = await alice.call("create_conversation", { name: "Quality board", members: ["bob@acme"] });
  await alice.goto("Quality board");
  await bob.goto("Quality board");
});
after(() => desk?.end());

test("a picture is dropped, sent, and shown from decrypted memory", async () => {
  await alice.app.runAsync(async () => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 48 });
    canvas.getContext("2d").fillRect(8, 8, 24, 24);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    const data = new DataTransfer();
    data.items.add(new File([blob], "Kühlraum 2.png", { type: "image/png" }));
    for (const kind of ["dragenter", "dragover", "drop"]) {
      window.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
    }
  });
  await alice.app.see("[role=dialog]", "Kühlraum 2.png");
  await alice.shot("native-review");
  await alice.app.click("[role=dialog] button", "Send");
  await bob.reads("Kühlraum 2.png");
  // Taken by the screen only when it is in sight, and fetched first if that is needed.
  const drawn = () => bob.app.run(() => [...document.querySelectorAll("[data-message] img")].some((one) => one.naturalWidth > 0));
  await until(drawn, "the picture is drawn");
  const address = await bob.app.run(() => document.querySelector("[data-message] img").src);
  assert.match(address, /^sealwire-file:\/\/localhost\/\d+%2Fthumbnail$/);
  await bob.shot("native-picture");
  await bob.call("lock");
  await bob.app.see("input[type=password]");
  const still = await bob.app.runAsync(
    (address) => new Promise((resolve) => Object.assign(new Image(), { onload: () => resolve(true), onerror: () => resolve(false), src: `${address}?again` })),
    address,
  );
  assert.deepEqual(still, { ok: false });
  await bob.unlock();
  await bob.goto("Quality board");
});

test("a large file is chosen in the system's dialog and sent", async () => {
  const file = join(desk.folder, "Chargen 2026.csv");
  writeFileSync(file, "charge;grams\n".repeat(1_000_000));
  await alice.app.press("Control+u");
  await desk.answer("Open File", file);
  await alice.app.see("[role=dialog]", "Chargen 2026.csv");
  await alice.app.click("[role=dialog] button", "Send");
  await bob.reads("Chargen 2026.csv", 60_000);
});

test("what is said while the relay is away waits, and goes out after", async () => {
  const listen = new URL(desk.relay.said.listening).host;
  await desk.stopRelay();
  await alice.app.see("[role=status], [role=alert], p, div", "The relay does not answer");
  await alice.say("Written offline");
  await alice.app.see("[data-message] .status.sending");
  await alice.shot("native-offline");
  await desk.startRelay(listen);
  await bob.reads("Written offline", 60_000);
});

test("a message with a time is gone after it", async () => {
  // Its time begins when it is read, and Bob has the focus.
  await alice.call("post", { conversation, text: "Gone in a moment", expires_after_s: 30 });
  await bob.reads("Gone in a moment");
  for (const person of [alice, bob]) await person.app.gone("[data-message]", "Gone in a moment", 90_000);
});

test("a records custodian is seen by everybody from the moment it joins", async () => {
  await alice.call("lock");
  await alice.app.see("input[type=password]");
  const invitation = join(desk.folder, "invitation");
  writeFileSync(invitation, await alice.terminal("org", "invite", "--custodian"));
  await alice.unlock();
  await alice.goto("Quality board");
  const records = join(desk.folder, "records");
  const custodian = ["--home", records, "--passphrase-file", join(desk.folder, "passphrase"), "--no-input"];
  const sealwire = join(desk.programs, "sealwire");
  await promisify(execFile)(sealwire, [...custodian, "account", "create", "--name", "records", "--invitation-file", invitation]);
  const keeps = spawn(sealwire, [...custodian, "custodian", "run", "--archive", join(desk.folder, "archive")], { stdio: "ignore" });
  desk.children.push(keeps);
  await alice.call("add_members", { conversation, members: ["records@acme"] });
  for (const person of [alice, bob]) {
    await person.app.see("*", "added the records custodian records");
    await person.app.see("*", "Kept by a records custodian");
  }
  await bob.shot("native-custodian");
});

test("a file is saved where the system's dialog says, and nowhere without it", async () => {
  const folder = join(desk.folder, "saved");
  mkdirSync(folder);
  const button = await alice.app.run(() => document.querySelector("[data-message] button[aria-label^='Save']")?.ariaLabel);
  await alice.app.click("[data-message] button", button);
  await desk.answer("Select Folder", `${folder}/`);
  await until(() => readdirSync(folder).length === 1, "the file is there");
  assert.deepEqual(readdirSync(folder), ["Kühlraum 2.png"]);
});

test("scripts are not compiled, and a browser that is opened gets none of the engine's settings", async () => {
  const pages = desk.processes().filter((id) => read(`/proc/${id}/comm`).startsWith("WebKitWeb"));
  assert.equal(pages.length, 2);
  for (const id of pages) assert.match(read(`/proc/${id}/environ`), /JSC_useJIT=0/);
  await alice.call("open_external", { url: "https://example.org/minutes?of=today&and=tomorrow" });
  const opened = join(desk.folder, "opened");
  await until(() => existsSync(opened), "the address is opened");
  assert.match(read(opened), /^https:\/\/example\.org\/minutes\?of=today&and=tomorrow$/m);
  assert.doesNotMatch(read(opened), /JSC_use|WEBKIT_DISABLE|MALLOC_/);
});

test("no policy of the page was broken", () => {
  // The picture that was asked for while the app was locked.
  const asked = /sealwire-file:\/\/localhost\/\d+%2Fthumbnail\?again|422/;
  for (const person of [alice, bob]) assert.deepEqual(person.problems.filter((line) => !asked.test(line)), []);
});
