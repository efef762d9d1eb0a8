// A panel that shows icons of a tray: the service at which apps register theirs. No package that the tests
// need has one, so here is as much of D-Bus as it takes to be asked; whatever the panel asks goes by gdbus.
import { existsSync, readFileSync } from "node:fs";
import { createConnection } from "node:net";
import { until } from "./driver.js";

const WATCHER = "org.kde.StatusNotifierWatcher";
const [CALL, RETURN, ERROR] = [1, 2, 3];
/** Fields of a message's header, and the types of those that are written here. */
const [PATH, INTERFACE, MEMBER, ERROR_NAME, REPLY_TO, DESTINATION, SENDER, SIGNATURE] = [1, 2, 3, 4, 5, 6, 7, 8];
const TYPES = { [PATH]: "o", [SIGNATURE]: "g", [REPLY_TO]: "u" };

const padded = (length, to) => Math.ceil(length / to) * to;

/** Writes values one after the other, each at a multiple of its size. */
class Writer {
  bytes = Buffer.alloc(0);

  add(...parts) {
    this.bytes = Buffer.concat([this.bytes, ...parts]);
    return this;
  }

  pad(to) {
    return this.add(Buffer.alloc(padded(this.bytes.length, to) - this.bytes.length));
  }

  u32(value) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return this.pad(4).add(bytes);
  }

  string(value) {
    return this.u32(Buffer.byteLength(value)).add(Buffer.from(`${value}\0`));
  }

  signature(value) {
    return this.add(Buffer.from([value.length]), Buffer.from(`${value}\0`));
  }

  variant(type, value) {
    this.signature(type);
    if (type === "u" || type === "b") return this.u32(Number(value));
    return type === "g" ? this.signature(value) : this.string(value);
  }
}

function message(type, serial, fields, body = Buffer.alloc(0)) {
  const header = new Writer();
  for (const [field, value] of Object.entries(fields)) {
    header.pad(8).add(Buffer.from([field])).variant(TYPES[field] ?? "s", value);
  }
  const start = new Writer().add(Buffer.from(["l".charCodeAt(), type, 0, 1])).u32(body.length).u32(serial);
  // The fields begin at a multiple of eight, behind their length.
  return start.u32(header.bytes.length).add(header.bytes).pad(8).add(body).bytes;
}

/** Reads a header, if all of the message has come; only those of a daemon on the same machine. */
function parsed(bytes) {
  if (bytes.length < 16) return null;
  const fields = {};
  const end = 16 + bytes.readUInt32LE(12);
  const body = padded(end, 8);
  const length = body + bytes.readUInt32LE(4);
  if (bytes.length < length) return null;
  for (let at = 16; at < end; ) {
    at = padded(at, 8);
    const field = bytes[at];
    const type = String.fromCharCode(bytes[at + 2]);
    at = type === "g" ? at + 4 : padded(at + 4, 4);
    const size = type === "g" ? bytes[at] : bytes.readUInt32LE(at);
    const from = at + (type === "g" ? 1 : 4);
    fields[field] = type === "u" ? size : bytes.toString("utf8", from, from + size);
    at = type === "u" ? from : from + size + 1;
  }
  return { type: bytes[1], serial: bytes.readUInt32LE(8), fields, body: bytes.subarray(body, length), length };
}

export class Panel {
  /** Where the apps' icons are: who speaks for each, and its path. */
  items = [];
  serial = 0;

  /** Takes its place on the bus of a session. */
  static async begin(desk) {
    const panel = Object.assign(new Panel(), { desk });
    const [, path] = /unix:path=([^,]*)/.exec(desk.env.DBUS_SESSION_BUS_ADDRESS);
    panel.socket = createConnection(path);
    await new Promise((resolve, reject) => panel.socket.once("connect", resolve).once("error", reject));
    const id = Buffer.from(String(process.getuid())).toString("hex");
    panel.socket.write(`\0AUTH EXTERNAL ${id}\r\n`);
    await new Promise((resolve) => panel.socket.once("data", resolve));
    panel.socket.write("BEGIN\r\n");
    let waiting = Buffer.alloc(0);
    panel.socket.on("data", (data) => {
      waiting = Buffer.concat([waiting, data]);
      for (let one = parsed(waiting); one; one = parsed(waiting)) {
        waiting = waiting.subarray(one.length);
        panel.take(one);
      }
    });
    panel.ask("Hello", {}, undefined);
    panel.ask("RequestName", { [SIGNATURE]: "su" }, new Writer().string(WATCHER).u32(0).bytes);
    await desk.gdbus("wait", "--timeout=20", WATCHER);
    return panel;
  }

  /** Asks the bus itself for something. */
  ask(member, fields, body) {
    const bus = { [PATH]: "/org/freedesktop/DBus", [INTERFACE]: "org.freedesktop.DBus", [MEMBER]: member, [DESTINATION]: "org.freedesktop.DBus" };
    this.send(CALL, { ...bus, ...fields }, body);
  }

  send(type, fields, body) {
    this.serial += 1;
    this.socket.write(message(type, this.serial, fields, body));
  }

  take({ type, serial, fields, body }) {
    if (type === ERROR) throw new Error(`the bus refuses: ${fields[ERROR_NAME]}`);
    if (type !== CALL) return;
    const answer = { [DESTINATION]: fields[SENDER], [REPLY_TO]: serial };
    if (fields[MEMBER] === "RegisterStatusNotifierItem") {
      this.items.push({ owner: fields[SENDER], path: body.toString("utf8", 4, 4 + body.readUInt32LE(0)) });
      this.send(RETURN, answer);
    } else {
      this.send(ERROR, { ...answer, [ERROR_NAME]: "org.freedesktop.DBus.Error.UnknownMethod" });
    }
  }

  end() {
    this.socket.destroy();
  }

  /** The icon of somebody's app, once it is there. */
  icon(person) {
    const whose = async ({ owner }) => {
      const bus = ["--dest=org.freedesktop.DBus", "--object-path=/org/freedesktop/DBus"];
      // Whoever has left the bus is nobody's any more.
      const said = await this.desk.gdbus("call", ...bus, "--method=org.freedesktop.DBus.GetConnectionUnixProcessID", owner).catch(() => "");
      return Number(/uint32 (\d+)/.exec(said)?.[1]);
    };
    const find = async () => {
      for (const item of this.items) if ((await whose(item)) === person.id) return new Icon(this.desk, item);
      return null;
    };
    return until(find, `${person.name}'s icon`);
  }
}

/** What a panel shows of an app, and does when its menu is used. */
class Icon {
  constructor(desk, item) {
    Object.assign(this, { desk, item });
  }

  call(path, method, ...args) {
    return this.desk.gdbus("call", `--dest=${this.item.owner}`, `--object-path=${path}`, `--method=${method}`, ...args);
  }

  async get(property) {
    const said = await this.call(this.item.path, "org.freedesktop.DBus.Properties.Get", "org.kde.StatusNotifierItem", property);
    return /'(.*)'/.exec(said)[1];
  }

  /** What stands beside it. */
  label() {
    return this.get("XAyatanaLabel");
  }

  /** Its picture; nothing while the app replaces it. */
  async picture() {
    const file = await this.get("IconName");
    return existsSync(file) ? readFileSync(file, "base64") : null;
  }

  /** The words of its menu, each with its number and whether it can be chosen. */
  async menu() {
    const layout = await this.call(await this.get("Menu"), "com.canonical.dbusmenu.GetLayout", "0", "--", "-1", "[]");
    const items = layout.matchAll(/\((\d+), (\{[^}]*'label': <'([^']*)'>[^}]*\})/g);
    return new Map([...items].map(([, id, fields, label]) => [label, { id, enabled: !fields.includes("'enabled': <false>") }]));
  }

  async choose(label) {
    const { id } = (await this.menu()).get(label);
    await this.call(await this.get("Menu"), "com.canonical.dbusmenu.Event", id, "clicked", "<0>", "0");
  }
}
