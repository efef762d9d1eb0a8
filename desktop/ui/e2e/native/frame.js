// The button in a window's frame that closes it. There is no window manager on these screens, and xdotool of
// Debian only destroys windows, which no person can: so the window is asked here, in as much of X11 as it takes.
import { once } from "node:events";
import { createConnection } from "node:net";

const [SEND_EVENT, INTERN_ATOM, GET_INPUT_FOCUS] = [25, 16, 43];
const CLIENT_MESSAGE = 33;

function request(opcode, ...words) {
  const bytes = Buffer.alloc(4 + 4 * words.length);
  bytes[0] = opcode;
  bytes.writeUInt16LE(bytes.length / 4, 2);
  words.forEach((word, at) => bytes.writeUInt32LE(word, 4 + 4 * at));
  return bytes;
}

function internAtom(name) {
  const text = Buffer.alloc(Math.ceil(name.length / 4) * 4, 0).fill(name, 0, name.length);
  return request(INTERN_ATOM, name.length, ...Array.from({ length: text.length / 4 }, (_, at) => text.readUInt32LE(at * 4)));
}

/** Asks a window, by its number, to close. */
export async function close(display, window) {
  const socket = createConnection(`/tmp/.X11-unix/X${display.slice(1)}`);
  await once(socket, "connect");
  let heard = Buffer.alloc(0);
  const hear = async (count) => {
    while (heard.length < count) heard = Buffer.concat([heard, (await once(socket, "data"))[0]]);
    const said = heard.subarray(0, count);
    heard = heard.subarray(count);
    return said;
  };
  const answer = async (asked) => {
    socket.write(asked);
    return hear(32);
  };
  socket.write(Buffer.from(["l".charCodeAt(), 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
  const welcome = await hear(8);
  await hear(welcome.readUInt16LE(6) * 4);
  const protocols = (await answer(internAtom("WM_PROTOCOLS"))).readUInt32LE(8);
  const wish = (await answer(internAtom("WM_DELETE_WINDOW"))).readUInt32LE(8);
  const event = [CLIENT_MESSAGE | (32 << 8), window, protocols, wish, 0, 0, 0, 0];
  socket.write(request(SEND_EVENT, window, 0, ...event));
  // Once this is answered, the other was done.
  await answer(request(GET_INPUT_FOCUS));
  socket.destroy();
}
