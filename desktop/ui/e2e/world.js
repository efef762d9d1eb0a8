// A relay, people with a bridge each, and their pages. Everything lives in a folder that goes.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const here = new URL("../", import.meta.url).pathname;
const CHROMIUM = process.env.SEALWIRE_CHROMIUM ?? "/usr/bin/chromium";
export const SHOTS = process.env.SEALWIRE_SHOTS;
export const PATIENCE_MS = 20_000;

/** The folder with the programs of these names. */
function programs(names) {
  const target = process.env.CARGO_TARGET_DIR ?? join(here, "../../target");
  const folder = process.env.SEALWIRE_PROGRAMS ?? join(target, "debug");
  for (const name of names) {
    if (!existsSync(join(folder, name))) {
      throw new Error(`${name} is not in ${folder}: build it (cargo build -p ${name}), or say in SEALWIRE_PROGRAMS where it is`);
    }
  }
  return folder;
}

/** Starts a program and gives what its first line says. */
export function start(command, args) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  let errors = "";
  child.stderr.on("data", (data) => (errors = (errors + data).slice(-4_000)));
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", (line) => resolve({ child, said: JSON.parse(line) }));
    child.once("exit", (code) => reject(new Error(`${command} ended with ${code}: ${errors}`)));
  });
}

export function stop(child) {
  if (child.exitCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", resolve);
    child.kill("SIGINT");
    setTimeout(() => child.kill("SIGKILL"), 4_000).unref();
  });
}

export class World {
  /** What a person runs. */
  static app = "sealwire-desktop-bridge";

  static async begin() {
    const world = new this();
    world.programs = programs(["sealwire-relay", this.app]);
    world.folder = mkdtempSync(join(tmpdir(), "sealwire-e2e-"));
    world.children = [];
    world.people = [];
    await world.startRelay("127.0.0.1:0");
    world.owner_link = world.relay.said.owner_link;
    await world.beginScreens();
    return world;
  }

  async beginScreens() {
    this.browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  }

  async endScreens() {
    await this.browser?.close();
  }

  async startRelay(listen) {
    const data = join(this.folder, "relay");
    const fresh = existsSync(join(data, "relay.toml")) ? [] : ["--organisation", "acme"];
    this.relay = await start(join(this.programs, "sealwire-relay"), ["serve", "--json", "--listen", listen, "--data", data, ...fresh]);
  }

  /** A command of the relay's operator, on the machine that it runs on. */
  operate(...words) {
    return execFileSync(join(this.programs, "sealwire-relay"), [...words, "--data", join(this.folder, "relay")], { encoding: "utf8" });
  }

  async stopRelay() {
    await stop(this.relay.child);
  }

  /** Starts the app of somebody and opens it. */
  async person(name, options = {}) {
    const home = join(this.folder, name);
    mkdirSync(home, { recursive: true });
    const downloads = join(this.folder, `${name}-downloads`);
    mkdirSync(downloads, { recursive: true });
    const takes = [];
    if (this.release_key) {
      takes.push("--release-key", join(this.folder, "release.pub"));
      writeFileSync(takes[1], this.release_key);
    }
    const bridge = await start(join(this.programs, "sealwire-desktop-bridge"), [
      "--home", home, "--ui", join(here, "dist-test"), "--downloads", downloads, "--fast-kdf", "--no-keychain", ...takes,
    ]);
    this.children.push(bridge.child);
    const person = new Person(name, bridge.said.url, downloads);
    await person.open(this.browser, options);
    this.people.push(person);
    return person;
  }

  /** Alice, who owns the organisation, and whoever she invites. */
  async together(...names) {
    const alice = await this.person("alice");
    await alice.join(this.owner_link);
    const others = [];
    for (const name of names) {
      const { link } = await alice.call("invite", { role: "org-member", expires_in_s: 3_600 });
      const other = await this.person(name);
      await other.join(link);
      others.push(other);
    }
    return [alice, ...others];
  }

  async end() {
    await this.endScreens();
    await Promise.all(this.children.map(stop));
    await this.stopRelay();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export class Person {
  constructor(name, url, downloads) {
    Object.assign(this, { name, url, downloads, clicks: 0, keys: 0, problems: [] });
  }

  async open(browser, { viewport = { width: 1280, height: 800 }, locale = "en-GB" } = {}) {
    this.context = await browser.newContext({ viewport, locale, reducedMotion: "reduce", permissions: ["clipboard-read", "clipboard-write"] });
    const page = await this.context.newPage();
    this.page = page;
    page.setDefaultTimeout(PATIENCE_MS);
    // Whatever the content security policy or Trusted Types stop is told on the console too.
    page.on("console", (said) => {
      if (said.type() === "error") this.problems.push(said.text());
    });
    page.on("pageerror", (error) => this.problems.push(String(error.stack ?? error)));
    page.on("request", (request) => {
      const { hostname, protocol } = new URL(request.url());
      if (hostname !== "127.0.0.1" && protocol !== "data:") this.problems.push(`went out to ${request.url()}`);
    });
    await page.goto(this.url);
  }

  // Counted as a person's own clicks and keys.
  async click(locator) {
    this.clicks += 1;
    await locator.click();
  }

  async type(text) {
    this.keys += [...text].length;
    await this.page.keyboard.type(text);
  }

  async press(...keys) {
    for (const key of keys) {
      this.keys += 1;
      await this.page.keyboard.press(key);
    }
  }

  /** Pasting is two keys, however long the text is. */
  async paste(text) {
    await this.page.evaluate((text) => navigator.clipboard.writeText(text), text);
    this.keys += 2;
    await this.page.keyboard.press("Control+v");
  }

  async join(link, passphrase = "correct horse battery staple") {
    const { page } = this;
    await page.locator("input").first().waitFor();
    await this.paste(link);
    await page.getByText("acme", { exact: true }).first().waitFor();
    await this.press("Enter");
    await page.getByLabel("Name", { exact: false }).first().waitFor();
    await this.type(this.name);
    const fields = page.locator("input[type=password]");
    for (let at = 0; at < (await fields.count()); at += 1) {
      await this.press("Tab");
      while (!(await fields.nth(at).evaluate((field) => field === document.activeElement))) await this.press("Tab");
      await this.type(passphrase);
    }
    await this.press("Enter");
    await page.locator("[data-region=rail]").waitFor();
  }

  /** A call of one's own beside the screen, to prepare what a test is not about. */
  call(method, params = {}) {
    return this.page.evaluate(
      ([method, params]) =>
        new Promise((resolve, reject) => {
          const token = sessionStorage.getItem("bridge-token");
          const socket = new WebSocket(`ws://${location.host}/calls?token=${token}`);
          socket.onopen = () => socket.send(JSON.stringify({ id: 1, method, params }));
          socket.onerror = () => reject(new Error("no bridge"));
          socket.onmessage = ({ data }) => {
            const said = JSON.parse(data);
            if (said.id !== 1) return;
            socket.close();
            if (said.problem) reject(new Error(JSON.stringify(said.problem)));
            else resolve(said.result);
          };
        }),
      [method, params],
    );
  }

  conversation(name) {
    return this.page.locator("[data-conversation]", { hasText: name });
  }

  async goto(name) {
    await this.conversation(name).click();
    await this.composer.waitFor();
  }

  get composer() {
    return this.page.locator("textarea");
  }

  message(text) {
    return this.page.locator("[data-message]", { hasText: text });
  }

  async say(text) {
    await this.composer.click();
    await this.page.keyboard.insertText(text);
    await this.page.keyboard.press("Enter");
  }

  /** The bar of a message: it shows for the one under the pointer. */
  async act(text, label) {
    await this.message(text).last().hover();
    await this.page.getByRole("toolbar", { name: "Message actions" }).getByRole("button", { name: label }).click();
  }

  async shot(name) {
    if (SHOTS) await this.page.screenshot({ path: join(SHOTS, `${name}.png`) });
  }
}

const axe = readFileSync(join(here, "node_modules/axe-core/axe.min.js"), "utf8");

/** What axe finds wrong on the page now, a line each. */
export async function violations(page) {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const all = await globalThis.axe.run(document, { rules: { region: { enabled: false } } });
    // Menus, popovers and tooltips hang at the end of the document, outside of the landmarks, while they are open.
    const outside = { exclude: [["[data-bits-floating-content-wrapper]"]] };
    const { violations } = await globalThis.axe.run(outside, { runOnly: ["region"] });
    return [...all.violations, ...violations].map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" ")}`);
  });
}
