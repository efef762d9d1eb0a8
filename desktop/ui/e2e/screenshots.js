// Makes the pictures of docs/screenshots: every screen in light, dark, Chinese and from right to left.
// Run by `npm run screenshots`.
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { World } from "./world.js";

const FOLDER = new URL("../../../docs/screenshots/", import.meta.url).pathname;
const VIEWPORT = { width: 1120, height: 720 };
const MOST_BYTES = 150_000;
const LOOKS = {
  light: { theme: "light", language: "en" },
  dark: { theme: "dark", language: "en" },
  zh: { theme: "light", language: "zh" },
  rtl: { theme: "light", language: "ar-XB" },
};

const world = await World.begin();

/** A picture in every look. */
async function shoot(person, name, { settle = 250 } = {}) {
  for (const [look, settings] of Object.entries(LOOKS)) {
    await person.call("change_settings", settings);
    await person.page.locator(`html[lang="${settings.language}"][data-theme=${settings.theme}]`).waitFor();
    await person.page.waitForTimeout(settle);
    await person.page.screenshot({ path: join(FOLDER, `${name}-${look}.png`) });
  }
  await person.call("change_settings", LOOKS.light);
  await person.page.waitForTimeout(settle);
}

async function firstRun(person, link) {
  await person.page.locator("input").first().waitFor();
  await person.paste(link);
  await person.page.getByText("acme", { exact: true }).waitFor();
  await shoot(person, "first-run-invitation");
  await person.press("Enter");
  await person.type(person.name);
  await person.page.getByLabel("Passphrase", { exact: true }).fill("correct horse battery staple");
  await shoot(person, "first-run-lock");
  await person.page.getByLabel("Passphrase again").fill("correct horse battery staple");
  await person.press("Enter");
  await person.page.locator("[data-region=rail]").waitFor();
  await shoot(person, "empty");
}

async function write(alice, bob) {
  const conversation = await alice.call("create_conversation", { name: "Quality board", members: ["bob@acme"] });
  await bob.conversation("Quality board").waitFor();
  await alice.call("change_setting", { conversation, setting: { topic: "Deviations and CAPA" } });
  await alice.goto("Quality board");
  const say = (person, text, fields = {}) => person.call("post", { conversation, text, ...fields });
  await say(alice, "Good morning. The audit of **batch 2417** begins on Thursday.");
  await say(bob, "Das Prüfprotokoll liegt bei; die Abweichung ist in Abschnitt 3.");
  await say(bob, "审计小组周五开会，请大家提前看一下文件。");
  const asks = await say(alice, "Please confirm that you have read CAPA-17.", { priority: "important", acknowledge: true });
  await bob.goto("Quality board");
  await bob.message("CAPA-17").waitFor();
  await bob.call("acknowledge", { conversation, message: asks.id });
  await bob.call("react", { conversation, message: asks.id, emoji: "👍", on: true });
  await say(bob, "Read. I add the temperature log this afternoon.", { reply_to: asks.id });
  await alice.message("temperature log").waitFor();
}

async function panels(alice) {
  const { page } = alice;
  await shoot(alice, "conversation");
  await alice.press("Control+Shift+i");
  await page.getByRole("tab", { name: "Members" }).waitFor();
  await shoot(alice, "details");
  await page.getByRole("tab", { name: "Rules" }).click();
  await shoot(alice, "rules");
  await page.getByRole("tab", { name: "Members" }).click();
  await page.getByRole("button", { name: /^bob / }).first().click();
  await page.getByRole("button", { name: "Mark as verified" }).waitFor();
  await shoot(alice, "verification");
  await page.locator("[data-region=head]").getByRole("button", { name: "Security" }).click();
  await page.getByRole("button", { name: "Verify now" }).click();
  await page.getByText(/^Consistent/).waitFor();
  await shoot(alice, "security");
  await page.getByRole("button", { name: "Show proof" }).click();
  await shoot(alice, "proof");
  await alice.press("Escape");
  await alice.press("Control+Shift+f");
  await page.getByLabel("What to look for").fill("from:bob 审计");
  await page.getByText("1 message", { exact: true }).waitFor();
  await shoot(alice, "search");
  await alice.press("Escape");
}

async function overlays(alice) {
  const { page } = alice;
  await alice.press("Control+k");
  await page.getByRole("combobox", { name: "Go to" }).fill("b");
  await page.getByRole("option").first().waitFor();
  await shoot(alice, "switcher");
  await alice.press("Escape");
  await alice.press("Control+n");
  await page.getByRole("tab", { name: "Group" }).click();
  await shoot(alice, "new-conversation");
  await alice.press("Escape");
  await alice.press("Control+,");
  for (const [name, tab] of [["settings", "Appearance"], ["settings-lock", "Lock"], ["settings-devices", "Devices"]]) {
    await page.getByRole("tab", { name: tab }).click();
    await shoot(alice, name);
  }
  await alice.press("Escape");
}

async function organisation(alice) {
  const { page } = alice;
  await page.getByRole("navigation").getByRole("button", { name: "Organisation" }).click();
  await page.getByRole("tab", { name: "Members" }).waitFor();
  await shoot(alice, "members");
  await page.getByRole("tab", { name: "Invitations" }).click();
  await shoot(alice, "invitations");
  world.operate("request", "open", "erasure", "--handle", "bob@acme", "--reference", "letter 7");
  world.operate("request", "open", "access", "--handle", "bob@acme", "--reference", "letter 8", "--received", "2026-09-01T10:00:00Z");
  world.operate("incident", "open", "A laptop was stolen", "--kind", "disclosure");
  await page.getByRole("tab", { name: "Oversight" }).click();
  await page.getByText(/are kept by a custodian/).waitFor();
  await shoot(alice, "oversight");
  await page.getByRole("tab", { name: "Policy" }).click();
  await page.getByLabel("Keep messages for at most (days)").fill("365");
  await shoot(alice, "policy");
  await page.getByRole("button", { name: "Sign and publish" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Sign and publish" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByRole("navigation").getByRole("button", { name: "Compliance" }).click();
  await page.getByText("Policy in force").waitFor();
  await shoot(alice, "compliance");
  await alice.press("Control+l");
  await page.getByLabel("Passphrase").waitFor();
  await shoot(alice, "locked");
}

try {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const alice = await world.person("alice", { viewport: VIEWPORT });
  await alice.join(world.owner_link);
  await alice.call("change_settings", LOOKS.light);
  const { link } = await alice.call("invite", { role: "org-member", expires_in_s: 3_600 });
  const bob = await world.person("bob", { viewport: VIEWPORT });
  await firstRun(bob, link);
  await write(alice, bob);
  await panels(alice);
  await overlays(alice);
  await organisation(alice);
  const large = readdirSync(FOLDER).filter((name) => statSync(join(FOLDER, name)).size > MOST_BYTES);
  if (large.length > 0) throw new Error(`larger than ${MOST_BYTES} bytes: ${large.join(", ")}`);
  console.log(`${readdirSync(FOLDER).length} pictures in docs/screenshots`);
} finally {
  await world.end();
}
