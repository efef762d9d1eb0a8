// A long history, as `sealwire chat export` writes conversations, so that `chat import` brings it into a profile.
import { createWriteStream } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";

/** The first message's time, and the time between two. */
const BEGAN = Date.UTC(2020, 0, 1);
const APART_MS = 60_000;
const WORDS = 4_000;
const SYLLABLES = ["ba", "den", "fi", "gor", "hul", "ka", "len", "mi", "nor", "pe", "rat", "so", "tum", "va", "wil", "zen"];

/** The same numbers each time (mulberry32). */
function numbers(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Writes one conversation of `count` messages into `folder`; gives the file. */
export async function history(folder, name, count, seed) {
  const number = numbers(seed);
  const word = (index) => [index % 16, (index >> 4) % 16, (index >> 8) % 16].map((at) => SYLLABLES[at]).join("");
  const text = () => Array.from({ length: 4 + number(20) }, () => word(Math.min(number(WORDS), number(WORDS)))).join(" ");
  const file = join(folder, `${name}.json`);
  const out = createWriteStream(file);
  const head = { schema: "sealwire-export-1", name };
  out.write(`${JSON.stringify(head).slice(0, -1)},"messages":[\n`);
  for (let at = 1; at <= count; at += 1) {
    const message = {
      id: (seed * 1e7 + at).toString(16).padStart(32, "0"),
      sender: `person${number(12)}@acme`,
      kind: "text",
      at: new Date(BEGAN + at * APART_MS).toISOString(),
      text: text(),
      edited: null,
      deleted: null,
      reply_to: null,
      thread: null,
      reactions: [],
      attachments: [],
    };
    const line = `${JSON.stringify(message)}${at < count ? "," : ""}\n`;
    if (!out.write(line)) await once(out, "drain");
  }
  out.end("]}\n");
  await once(out, "finish");
  return file;
}
