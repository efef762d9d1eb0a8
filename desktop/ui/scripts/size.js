// Prints the size of the JavaScript as it travels, and fails above the budget.
import { readFileSync, readdirSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET = 200_000;
const folder = new URL("../dist/assets/", import.meta.url);
const sizes = readdirSync(folder)
  .filter((name) => name.endsWith(".js"))
  .map((name) => ({ name, bytes: gzipSync(readFileSync(new URL(name, folder)), { level: 9 }).length }));
for (const { name, bytes } of sizes) console.log(`${String(bytes).padStart(8)}  ${name}`);
const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
console.log(`${String(total).padStart(8)}  bytes of JavaScript, gzip (at most ${BUDGET})`);
if (total > BUDGET) process.exit(1);
