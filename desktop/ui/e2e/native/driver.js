// What the tests need of WebDriver (W3C), spoken to WebKitWebDriver, which starts the app itself.
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { PATIENCE_MS, stop } from "../world.js";

const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
const KEYS = {
  Alt: "\uE00A", ArrowDown: "\uE015", ArrowUp: "\uE013", Backspace: "\uE003", Control: "\uE009", Delete: "\uE017",
  Enter: "\uE007", Escape: "\uE00C", Shift: "\uE008", Tab: "\uE004",
};
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Waits until `look` gives something, and gives that. */
export async function until(look, what, patience = PATIENCE_MS) {
  const end = Date.now() + patience;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`in vain: ${what}`);
    await sleep(50);
  }
}

export class Driver {
  /** Starts the program `binary` under a driver of its own. */
  static async start(binary, args, env) {
    const driver = new Driver();
    const port = await freePort();
    driver.child = spawn("WebKitWebDriver", [`--port=${port}`, "--host=127.0.0.1"], {
      env: { ...env, TAURI_WEBVIEW_AUTOMATION: "true" },
      stdio: ["ignore", "inherit", "inherit"],
    });
    driver.base = `http://127.0.0.1:${port}`;
    await until(() => driver.ask("GET", "/status").then(({ ready }) => ready, () => false), "the driver answers");
    const { sessionId } = await driver.ask("POST", "/session", {
      capabilities: { alwaysMatch: { "webkitgtk:browserOptions": { binary, args } } },
    });
    driver.base += `/session/${sessionId}`;
    return driver;
  }

  async ask(method, path, body) {
    const answer = await fetch(this.base + path, { method, body: body && JSON.stringify(body) });
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`${value.error}: ${value.message} (${method} ${path})`);
    return value;
  }

  /** Ends the app and its driver. */
  async end() {
    await this.ask("DELETE", "").catch(() => undefined);
    await stop(this.child);
  }

  /** Runs a function in the page. */
  run(script, ...args) {
    return this.ask("POST", "/execute/sync", { script: `return (${script})(...arguments)`, args });
  }

  /** The same for one whose promise is waited for. */
  runAsync(script, ...args) {
    return this.ask("POST", "/execute/async", {
      script: `const done = arguments[arguments.length - 1];
        (${script})(...[...arguments].slice(0, -1)).then((ok) => done({ ok }), (problem) => done({ problem }))`,
      args,
    });
  }

  /** The visible elements of a selector, that contain the text if one is given. */
  all(selector, text = "") {
    return this.run(
      (selector, text) =>
        [...document.querySelectorAll(selector)].filter(
          (one) => one.checkVisibility() && ((one.getAttribute("aria-label") ?? "") + one.textContent).includes(text),
        ),
      selector,
      text,
    );
  }

  /** Waits for the first of them. */
  async see(selector, text = "", patience = PATIENCE_MS) {
    const found = await until(async () => (await this.all(selector, text))[0], `${selector} “${text}”`, patience);
    return found[ELEMENT];
  }

  /** Waits until there is none. */
  gone(selector, text = "", patience = PATIENCE_MS) {
    return until(async () => (await this.all(selector, text)).length === 0, `no ${selector} “${text}”`, patience);
  }

  async click(selector, text) {
    // What was just put there may move, or be replaced, before it is hit.
    const hit = async () => {
      const element = await this.see(selector, text);
      const missed = (error) => {
        if (!/not interactable|stale|intercepted/.test(error.message)) throw error;
      };
      return this.ask("POST", `/element/${element}/click`, {}).then(() => true, missed);
    };
    await until(hit, `a click on ${selector} “${text ?? ""}”`);
  }

  /** Types into an element, also what no keyboard has. */
  async fill(selector, text) {
    const element = await this.see(selector);
    await this.ask("POST", `/element/${element}/clear`, {});
    await this.ask("POST", `/element/${element}/value`, { text });
  }

  /** Keys one after the other; `Control+k` is held together. */
  async press(...combinations) {
    for (const combination of combinations) {
      const keys = combination.split("+").map((key) => KEYS[key] ?? key);
      const down = keys.map((value) => ({ type: "keyDown", value }));
      const up = keys.reverse().map((value) => ({ type: "keyUp", value }));
      await this.ask("POST", "/actions", { actions: [{ type: "key", id: "keyboard", actions: [...down, ...up] }] });
    }
  }

  /** Types where the focus is. */
  async type(text) {
    const actions = [...text].flatMap((value) => [{ type: "keyDown", value }, { type: "keyUp", value }]);
    await this.ask("POST", "/actions", { actions: [{ type: "key", id: "keyboard", actions }] });
  }

  /** A picture of the page as PNG, once it is drawn. */
  async picture() {
    await this.runAsync(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    return Buffer.from(await this.ask("GET", "/screenshot"), "base64");
  }
}
