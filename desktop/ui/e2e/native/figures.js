// Measures the app (SEALWIRE_APP, a release build) with a keyring: JSON lines, as `cargo xtask bench` reads them.
import { rmSync, statSync } from "node:fs";
import { DeskWithKeyring, PASSPHRASE, read, until } from "./desk.js";
import { history } from "./history.js";

const ROUNDS = 7;
const KEYS = 30;
/** Messages in the profile, beside those that are written here; fewer to try this program out. */
const MESSAGES = Number(process.env.SEALWIRE_MESSAGES ?? 1_000_000);
const IMPORTED = 50;
/** Without use until memory is measured: the core gives back caches after a minute. */
const IDLE_MS = Number(process.env.SEALWIRE_IDLE_MS ?? 150_000);
const figure = (name, value, unit, against) =>
  console.log(JSON.stringify({ bench: "desktop", figure: name, value, unit, against, ratio: null }));
const median = (all) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)];
/** Proportional set sizes in bytes: of all, and of WebKit's own processes. */
function memory(desk) {
  const pss = (id) => Number(/^Pss:\s+(\d+) kB/m.exec(read(`/proc/${id}/smaps_rollup`))?.[1] ?? 0) * 1024;
  const sum = (ids) => ids.reduce((sum, id) => sum + pss(id), 0);
  const all = desk.processes();
  return { all: sum(all), webkit: sum(all.filter((id) => read(`/proc/${id}/comm`).startsWith("WebKit"))) };
}

/** Fills a profile with conversations that were imported. The app is closed meanwhile. */
async function fill(alice) {
  const passphrase = { kind: "passphrase", passphrase: PASSPHRASE };
  await alice.call("change_lock", { old: null, new: passphrase });
  await alice.end();
  for (let at = 0; at < IMPORTED; at += 1) {
    const file = await history(desk.folder, `History ${at}`, MESSAGES / IMPORTED, at + 1);
    await alice.terminal("chat", "import", file);
    rmSync(file);
  }
  await alice.start();
  await alice.unlock();
  await alice.call("change_lock", { old: PASSPHRASE, new: { kind: "keychain" } });
}

/** As people have it: opening a profile costs what it costs. */
class Plain extends DeskWithKeyring {
  options = [];
}

const desk = await Plain.begin();
try {
  const alice = await desk.person("alice");
  await alice.join(desk.owner_link);
  // As many as are in sight at once.
  const names = Array.from({ length: 10 }, (_, at) => `Group ${"ABCDEFGHIJ"[at]}`);
  for (const name of names) {
    const conversation = await alice.call("create_conversation", { name, members: [] });
    await alice.call("post", { conversation, text: `The last word in ${name}` });
  }
  await fill(alice);
  const starts = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await alice.end();
    await until(() => desk.processes().length === 0, "it has ended");
    const began = Date.now();
    await alice.start();
    await alice.app.see("[data-conversation]");
    starts.push(Date.now() - began);
  }
  figure("start_to_list_ms", median(starts), "ms", `median of ${ROUNDS}, seen by WebDriver, its start of the app included`);
  await alice.goto(names[0]);
  const chats = [];
  for (const name of [...names.slice(1), ...names]) chats.push((await alice.app.runAsync(switchTo, name)).ok);
  figure("switch_chat_ms", median(chats), "ms", "from the click to the frame with the last message");
  const pressed = async (rounds, what, selector, before, after) => {
    const times = [];
    for (let round = 0; round < rounds; round += 1) {
      await alice.app.run(watch, what, selector);
      await before();
      await until(() => alice.app.run(() => window.seen !== null), what);
      times.push(await alice.app.run(() => window.seen));
      await after();
    }
    return median(times);
  };
  await alice.app.run(() => document.querySelector("textarea").focus());
  const echo = await pressed(KEYS, "input", "textarea", () => alice.app.press("a"), () => undefined);
  figure("key_to_echo_ms", echo, "ms", `median of ${KEYS}, from the key to the frame after it`);
  const closed = () => until(() => alice.app.run(() => !document.querySelector("[role=dialog]")), "it is closed");
  const opened = () => pressed(ROUNDS, "focusin", "[role=dialog] input", () => alice.app.press("Control+k"), () => alice.app.press("Escape").then(closed));
  figure("switcher_open_ms", await opened(), "ms", `median of ${ROUNDS}, from Ctrl+K to the frame after it has the focus`);
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const { all, webkit } = memory(desk);
  figure("idle_memory_mb", all / 1e6, "MB", `sum of PSS of ${desk.processes().length} processes`);
  figure("idle_memory_webkit_mb", webkit / 1e6, "MB", "of it WebKit's own processes");
  figure("binary_mb", statSync(desk.program).size / 1e6, "MB", "as it is packed");
} finally {
  await desk.end();
}

/** In the page: from a click to the frame in which the conversation is shown. */
async function switchTo(name) {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const began = performance.now();
  [...document.querySelectorAll("[data-conversation]")].find((row) => row.textContent.includes(name)).click();
  const shown = () => [...document.querySelectorAll("[data-message]")].some((one) => one.textContent.includes(`The last word in ${name}`));
  while (!shown()) await frame();
  await frame();
  return performance.now() - began;
}

/** In the page: notes how long after the next key something happened to an element, with the frame drawn. */
function watch(what, selector) {
  window.seen = null;
  let pressed = 0;
  const key = (event) => (pressed = pressed || event.timeStamp);
  const done = async (event) => {
    if (!event.target.matches(selector)) return;
    window.removeEventListener("keydown", key, true);
    window.removeEventListener(what, done, true);
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    window.seen = performance.now() - pressed;
  };
  window.addEventListener("keydown", key, true);
  window.addEventListener(what, done, true);
}
