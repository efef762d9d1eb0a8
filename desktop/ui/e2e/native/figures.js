// Measures the app (SEALWIRE_APP, a release build) with a keyring: JSON lines, as `cargo xtask bench` reads them.
import { readdirSync, readFileSync } from "node:fs";
import { DeskWithKeyring, until } from "./desk.js";

const ROUNDS = 7;
const figure = (name, value, unit, against) =>
  console.log(JSON.stringify({ bench: "desktop", figure: name, value, unit, against, ratio: null }));
const median = (all) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)];
const read = (path) => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // It has ended meanwhile.
  }
};

/** The app's processes: those that have its folder in their environment or command line, WebKit's among them. */
function processes(desk) {
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return all.filter((id) => /sealwire-deskt|WebKit(WebPro|Network)/.test(read(`/proc/${id}/comm`)) && read(`/proc/${id}/environ`).includes(desk.folder));
}

/** Sum of proportional set sizes in bytes. */
function memory(desk) {
  const pss = (id) => Number(/^Pss:\s+(\d+) kB/m.exec(read(`/proc/${id}/smaps_rollup`))?.[1] ?? 0);
  return processes(desk).reduce((sum, id) => sum + pss(id) * 1024, 0);
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
  const starts = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await alice.end();
    await until(() => processes(desk).length === 0, "it has ended");
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
  await new Promise((resolve) => setTimeout(resolve, 10_000));
  figure("idle_memory_mb", memory(desk) / 1e6, "MB", `sum of PSS of ${processes(desk).length} processes`);
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
