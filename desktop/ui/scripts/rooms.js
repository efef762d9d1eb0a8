// House rules of the front end: files under 400 lines, no HTML from strings, no sides by hand, no
// colours outside of the design tokens, and every language complete.
import { readFileSync, readdirSync } from "node:fs";

const root = new URL("../", import.meta.url);
const read = (path) => readFileSync(new URL(path, root), "utf8");
const files = readdirSync(new URL("src", root), { recursive: true, encoding: "utf8" })
  .map((name) => `src/${name}`)
  .filter((name) => /\.(svelte|ts|css)$/.test(name) && !/\/(words|generated)\//.test(name));
const problems = [];
const rules = [
  [/\{@html\b|innerHTML|outerHTML|insertAdjacentHTML/, "HTML from a string"],
  [/(?<![-\w])(margin|padding|border)-(left|right)\b|(?<![-\w.])(left|right)\s*:\s*[\d-]|text-align:\s*(left|right)/, "a side by hand: use logical properties", /\.(svelte|css)$/],
  [/#[0-9a-f]{3,8}\b(?![^<]*\})|\brgba?\(/i, "a colour outside of design/tokens.css", /\.svelte$/],
];
for (const file of files) {
  const text = read(file);
  const lines = text.split("\n");
  if (lines.length > 400) problems.push(`${file}: ${lines.length} lines, at most 400`);
  lines.forEach((line, at) => {
    for (const [bad, why, only] of rules) {
      if ((!only || only.test(file)) && bad.test(line)) problems.push(`${file}:${at + 1}: ${why}`);
    }
  });
}
const tables = Object.fromEntries(["en", "de", "zh"].map((locale) => [locale, JSON.parse(read(`messages/hints/${locale}.json`))]));
for (const [locale, table] of Object.entries(tables)) {
  for (const key of Object.keys({ ...tables.en, ...table })) {
    if (!(key in table) || !(key in tables.en)) problems.push(`messages/hints: ${key} is not in every language (${locale})`);
  }
}
const keys = (locale) => ["", "around/"].flatMap((place) => Object.keys(JSON.parse(read(`messages/${place}${locale}.json`))));
const english = new Set(keys("en"));
for (const locale of ["de", "zh"]) {
  const have = new Set(keys(locale));
  for (const key of english) if (!have.delete(key)) problems.push(`messages/${locale}.json lacks ${key}`);
  for (const key of have) problems.push(`messages/${locale}.json has ${key}, English has not`);
}
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
