import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { World } from "./world.js";

let world, alice, bob, id;
before(async () => {
  world = await World.begin();
  [alice, bob] = await world.together("bob");
  id = await alice.call("create_conversation", { name: "Traps", members: ["bob@acme"] });
  await bob.conversation("Traps").waitFor();
  await bob.goto("Traps");
});
after(() => world?.end());

const post = (text) => alice.call("post", { conversation: id, text });

test("every trap of Unicode is drawn inside of its message", async () => {
  const traps = {
    overrides: "\u202eevil\u202d abc \u2066 def \u2069 end-1",
    zalgo: `Z${"\u0338\u0321\u0322\u0489".repeat(200)}algo end-2`,
    joined: "👩‍❤️‍💋‍👨🏴󠁧󠁢󠁳󠁣󠁴󠁿 \u200b\u200c\u200d\ufeff end-3",
    lone: "a\u0000b \ufffd \uffff end-4",
    wide: `${"﷽".repeat(500)} end-5`,
    unbroken: `${"A".repeat(5_000)} end-6`,
    lines: `${"\n".repeat(200)}end-7`,
  };
  for (const text of Object.values(traps)) await post(text);
  await bob.message("end-7").waitFor();
  const sideways = await bob.page.evaluate(() => {
    const list = document.querySelector("[data-region=messages]");
    const wide = [...list.querySelectorAll("[data-message]")].filter((row) => row.getBoundingClientRect().right > list.getBoundingClientRect().right + 1);
    return { page: document.documentElement.scrollWidth > innerWidth, wide: wide.length, scrolls: list.scrollWidth > list.clientWidth };
  });
  assert.deepEqual(sideways, { page: false, wide: 0, scrolls: false });
  await bob.shot("hostile");
});

test("a hundred thousand characters are shown, and the app stays usable", async () => {
  await post(`${"lorem ipsum ".repeat(8_333)}the end`);
  await bob.message("the end").waitFor();
  await bob.say("still here");
  await bob.message("still here").waitFor();
});

test("Markdown and HTML that mean harm are text", async () => {
  await post('<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script> <b>bold</b> end-8');
  await post(`${"> ".repeat(2_000)}deep end-9`);
  await post(`${"*".repeat(3_000)}stars end-10`);
  await post("![picture](https://example.org/track.png) end-11");
  await bob.message("end-11").waitFor();
  assert.equal(await bob.page.locator("[data-message] img, [data-message] script, [data-message] b").count(), 0);
  assert.notEqual(await bob.page.title(), "owned");
  assert.match(await bob.message("end-8").textContent(), /<img src=x/);
});

test("links that lead to code are text, and those that deceive say so", async () => {
  await post("[click](javascript:alert(1)) [data](data:text/html,x) [file](file:///etc/passwd) end-12");
  await post("[https://bank.example](https://evil.example/login) and https://аррle.com/ end-13");
  await bob.message("end-13").waitFor();
  assert.equal(await bob.message("end-12").locator("a").count(), 0);
  const links = bob.message("end-13").locator("a");
  assert.equal(await links.first().getAttribute("href"), "https://evil.example/login");
  for (const href of await links.evaluateAll((all) => all.map((link) => link.getAttribute("href")))) {
    // Hosts are in ASCII, so that look-alikes show.
    assert.match(href, /^(https?|mailto):[\x20-\x7e]+$/);
  }
  await links.first().click();
  const dialog = bob.page.getByRole("dialog", { name: "Open this address?" });
  await dialog.getByText("https://evil.example/login").waitFor();
  await dialog.getByText("The text reads like another address").waitFor();
  await bob.shot("link");
  await bob.page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
});

test("names of files and conversations cannot lie about themselves", async () => {
  await alice.call("rename", { conversation: id, name: "\u202eTraps\u202c 2" }).catch(() => undefined);
  const name = await bob.page.locator("[data-conversation] bdi").first().evaluate((element) => getComputedStyle(element).unicodeBidi);
  assert.equal(name, "isolate");
});

test("nothing was stopped by the policy of the page, and nothing went out", () => {
  assert.deepEqual([alice.problems, bob.problems], [[], []]);
});
