// A desktop without a screen (Xvfb), with buses of its own, and people with the real app on it.
import { execFile, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { SHOTS, stop, World } from "../world.js";
import { Driver, until } from "./driver.js";
import { close } from "./frame.js";
import { Panel } from "./tray.js";

export const PASSPHRASE = "correct horse battery staple";

/** A bus of the session that starts nothing of this machine's. */
const BUS = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>`;

/** Starts what says on `fd` in a line how it is reached. */
function begin(command, args, env = process.env) {
  const child = spawn(command, args, { env, stdio: ["ignore", "ignore", "inherit", "pipe"] });
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdio[3] }).once("line", (said) => resolve({ child, said }));
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${command} ended with ${code}`)));
  });
}

/** A file that may be gone, such as one of a process; empty if so. */
export function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

export class Desk extends World {
  static app = "sealwire-desktop";

  /** With what the app is started, beside its folder. */
  options = ["--fast-kdf"];

  /** The app where it is installed, or as it was built. */
  get program() {
    return process.env.SEALWIRE_APP ?? join(this.programs, Desk.app);
  }

  async beginScreens() {
    const runtime = join(this.folder, "run");
    mkdirSync(runtime, { mode: 0o700 });
    const screen = await begin("Xvfb", ["-displayfd", "3", "-screen", "0", "1280x800x24", "-nolisten", "tcp"]);
    const config = join(this.folder, "bus.conf");
    writeFileSync(config, BUS);
    const bus = await begin("dbus-daemon", [`--config-file=${config}`, "--nofork", "--print-address=3"]);
    this.desktop = [bus.child, screen.child];
    this.env = {
      ...process.env,
      DISPLAY: `:${screen.said}`,
      DBUS_SESSION_BUS_ADDRESS: bus.said,
      HOME: this.folder,
      XDG_CONFIG_HOME: join(this.folder, ".config"),
      XDG_RUNTIME_DIR: runtime,
      GDK_BACKEND: "x11",
      LANG: "C.UTF-8",
      LIBGL_ALWAYS_SOFTWARE: "1",
      NO_AT_BRIDGE: "1",
    };
    delete this.env.WAYLAND_DISPLAY;
    const dunst = spawn("dunst", ["-conf", "/dev/null"], { env: this.env, stdio: "ignore" });
    this.desktop.unshift(dunst);
    await this.gdbus("wait", "--timeout=20", "org.freedesktop.Notifications");
  }

  /** Asks something on the session's bus. */
  async gdbus(command, ...args) {
    const { stdout } = await promisify(execFile)("gdbus", [command, "--session", ...args], { env: this.env });
    return stdout;
  }

  /** Answers a dialog for files, found by its title, with a path, as a person at the keyboard. */
  async answer(title, path) {
    const xdotool = (...words) => promisify(execFile)("xdotool", words, { env: this.env });
    const dialog = () => xdotool("search", "--onlyvisible", "--name", title).then(({ stdout }) => stdout.trim(), () => "");
    await until(dialog, title);
    // What is typed before the dialog is ready for it is lost, and it may be gone in between.
    const typed = async (id) => {
      await xdotool("windowfocus", id, "sleep", "1");
      await xdotool("type", "--delay", "60", path);
      await xdotool("sleep", "1", "key", "Return", "sleep", "1");
    };
    await until(async () => {
      const id = await dialog();
      if (id) await typed(id).catch(() => undefined);
      return !id;
    }, `${title} is answered`);
  }

  /** The desktop's service that shows notifications, and how it is remote-controlled. */
  notifications(method, ...args) {
    const place = ["--dest=org.freedesktop.Notifications", "--object-path=/org/freedesktop/Notifications"];
    return this.gdbus("call", ...place, `--method=${method}`, ...args);
  }

  /** How many notifications are shown. */
  async shown() {
    const said = await this.notifications("org.freedesktop.DBus.Properties.Get", "org.dunstproject.cmd0", "displayedLength");
    return Number(/uint32 (\d+)/.exec(said)?.[1]);
  }

  /** Numbers of the app's processes, WebKit's among them. */
  processes() {
    const own = (id) => /sealwire-deskt|WebKit(WebPro|Network)/.test(read(`/proc/${id}/comm`)) && read(`/proc/${id}/environ`).includes(this.folder);
    return readdirSync("/proc").filter((id) => /^\d+$/.test(id) && own(id));
  }

  async endScreens() {
    await Promise.all(this.people.map((person) => person.end()));
    for (const child of this.desktop ?? []) await stop(child);
  }

  /** Starts the app of somebody. */
  async person(name, args = []) {
    const person = new Person(this, name);
    await person.start(args);
    this.people.push(person);
    return person;
  }
}

/** The same with a keyring, as most desktops have one. */
export class DeskWithKeyring extends Desk {
  keyring = true;

  async beginScreens() {
    await super.beginScreens();
    const args = ["--foreground", "--unlock", "--components=secrets"];
    const keyring = spawn("gnome-keyring-daemon", args, { env: this.env, stdio: ["pipe", "ignore", "inherit"] });
    keyring.stdin.end("the password of the session");
    this.desktop.unshift(keyring);
    await this.gdbus("wait", "--timeout=20", "org.freedesktop.secrets");
  }
}

/** The same with a panel that shows icons in a tray. */
export class DeskWithTray extends Desk {
  async beginScreens() {
    await super.beginScreens();
    this.panel = await Panel.begin(this);
  }

  async endScreens() {
    // Without its bus it could only fail.
    this.panel?.end();
    await super.endScreens();
  }
}

export class Person {
  constructor(desk, name) {
    Object.assign(this, { desk, name, home: join(desk.folder, name), log: join(desk.folder, `${name}.log`), process: join(desk.folder, `${name}.process`) });
  }

  async start(args = []) {
    // The driver keeps to itself what the app says.
    const wrapper = join(this.desk.folder, `${this.name}.sh`);
    writeFileSync(wrapper, `#!/bin/sh\necho $$ >'${this.process}'\nexec '${this.desk.program}' "$@" >>'${this.log}' 2>&1\n`);
    chmodSync(wrapper, 0o755);
    this.app = await Driver.start(wrapper, ["--home", this.home, ...this.desk.options, ...args], this.desk.env);
  }

  /** Ends the app as a person does: a driver that is told to only closes the page, and a next start would find it there. */
  async end() {
    if (!this.app) return;
    await this.call("quit").catch(() => undefined);
    await this.ended().catch((error) => {
      process.kill(this.id, "SIGKILL");
      throw error;
    });
    await this.app.end();
    this.app = null;
  }

  /** The process of the app. */
  get id() {
    return Number(readFileSync(this.process, "utf8"));
  }

  /** Waits until it is gone. */
  ended() {
    const { id } = this;
    return until(() => !existsSync(`/proc/${id}`), `${this.name}'s app ends`);
  }

  /** The window on the screen, as the system numbers it; none if it is hidden. */
  async window() {
    const words = ["search", "--onlyvisible", "--all", "--pid", String(this.id), "--name", "^Sealwire$"];
    const { stdout } = await promisify(execFile)("xdotool", words, { env: this.desk.env }).catch(() => ({ stdout: "" }));
    return stdout.trim().split("\n")[0];
  }

  /** Closes it, as its frame does. */
  async close() {
    await close(this.desk.env.DISPLAY, Number(await this.window()));
    await until(async () => !(await this.window()), "the window is closed");
  }

  /** Starts the program a second time; gives the code it ends with. */
  again(...args) {
    const child = spawn(this.desk.program, ["--home", this.home, ...args], { env: this.desk.env, stdio: "inherit" });
    return new Promise((resolve, reject) => child.once("exit", resolve).once("error", reject));
  }

  /** What WebKit has said of errors, and of what a policy of the page has stopped. */
  get problems() {
    const lines = existsSync(this.log) ? readFileSync(this.log, "utf8").split("\n") : [];
    return lines.filter((line) => /^CONSOLE .*(ERROR|WARN)|panicked/.test(line));
  }

  /** Runs the terminal client on this person's folder; the app has to be locked meanwhile. */
  async terminal(...words) {
    const key = join(this.desk.folder, "passphrase");
    writeFileSync(key, PASSPHRASE);
    const program = join(this.desk.programs, "sealwire");
    const options = ["--home", this.home, "--account", "desktop", "--passphrase-file", key, "--no-input"];
    const { stdout } = await promisify(execFile)(program, [...options, ...words], { env: this.desk.env });
    return stdout.trim();
  }

  /** A call of one's own beside the screen, to prepare what a test is not about. */
  async call(method, params = {}) {
    const { ok, problem } = await this.invoke("call", { method, params });
    if (problem) throw new Error(JSON.stringify(problem));
    return ok;
  }

  invoke(command, args) {
    return this.app.runAsync((command, args) => window.__TAURI_INTERNALS__.invoke(command, args), command, args);
  }

  /** The first run, by keyboard. */
  async join(link) {
    const { app } = this;
    await app.see("textarea, input");
    await app.fill("textarea, input", link);
    await app.see("dd, p, span", "acme");
    await app.press("Enter");
    await app.see(this.desk.keyring ? "input[type=radio]" : "input[type=password]");
    await app.type(this.name);
    const fields = await app.all("input[type=password]");
    for (let at = 0; at < fields.length; at += 1) {
      const there = () => app.run((at) => document.activeElement === document.querySelectorAll("input[type=password]")[at], at);
      while (!(await there())) await app.press("Tab");
      await app.type(PASSPHRASE);
    }
    await app.press("Enter");
    await app.see("[data-region=rail]");
  }

  async unlock() {
    await this.app.fill("input[type=password]", PASSPHRASE);
    await this.app.press("Enter");
    await this.app.see("[data-region=rail]");
  }

  async goto(name) {
    await this.app.click("[data-conversation]", name);
    await this.app.see("textarea");
  }

  async say(text) {
    await this.app.fill("textarea", text);
    await this.app.press("Enter");
  }

  reads(text, patience) {
    return this.app.see("[data-message]", text, patience);
  }

  async shot(name) {
    if (SHOTS) writeFileSync(join(SHOTS, `${name}.png`), await this.app.picture());
  }
}

export { until };
