// Makes the two test languages from English: `en-XA` with accents and a third more length, and
// `ar-XB`, English written from right to left. Placeholders stay as they are, and what is put there keeps its own
// direction.
import { readFileSync, writeFileSync } from "node:fs";

const folder = new URL("../messages/", import.meta.url);
const accents = Object.fromEntries([..."aäbƀcçdđeëfƒgğhħiïjĵkķlļmṁnñoöpþqqrŕsštţuüvṽwŵxẋyýzž"].reduce(
  (pairs, char, at, all) => (at % 2 ? pairs : [...pairs, [char, all[at + 1]]]), []));

/** @param {string} text @param {(piece: string) => string} change */
const outside = (text, change) => text.split(/(\{[^}]*\})/).map((piece, at) => (at % 2 ? piece : change(piece))).join("");

const longer = (text) => {
  const accented = outside(text, (piece) => [...piece].map((char) => accents[char] ?? char).join(""));
  return `[${accented}${" ~".repeat(Math.ceil(text.length / 6))}]`;
};
const backwards = (text) =>
  `\u200f${outside(text, (piece) => (piece === "" ? "" : `\u202e${piece}\u202c`)).replace(/\{[^}]*\}/g, "\u2068$&\u2069")}`;

/** @param {unknown} value @param {(text: string) => string} change @returns {unknown} */
function walk(value, change) {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((item) => walk(item, change));
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([key, item]) =>
    [key, key === "match" ? walk(item, change) : key === "declarations" || key === "selectors" ? item : walk(item, change)]));
}

for (const place of ["", "around/"]) {
  const { $schema, ...english } = JSON.parse(readFileSync(new URL(`${place}en.json`, folder), "utf8"));
  for (const [name, change] of [["en-XA", longer], ["ar-XB", backwards]]) {
    const made = { $schema, ...walk(english, change) };
    writeFileSync(new URL(`${place}${name}.json`, folder), `${JSON.stringify(made, null, 2)}\n`);
  }
}
