// Writes messages that have no forms in fewer bytes: one call with the texts of all languages, in
// the order of `locales`, in place of a function per language.
const TEXT = /const (\w+?)_(\w+) = \/\*\*.*?\*\/ \((i?)\) => \{\s*return \/\*\*.*?\*\/ \((`(?:[^`\\]|\\.)*`)\)\s*\};/gs;

/** @returns {import("vite").Plugin} */
export const compactMessages = () => ({
  name: "compact-messages",
  apply: "build",
  transform(code, id) {
    if (!/\/words\/messages\/[^_][^/]*\.js$/.test(id.split("?")[0] ?? "")) return null;
    const name = /export const (\w+) =/.exec(code)?.[1];
    const texts = [...code.matchAll(TEXT)];
    if (!name || texts.length === 0 || code.includes("plural(")) return null;
    const given = texts.some((found) => found[3] === "i") ? "i" : "";
    return {
      code: `import { pick } from "$lib/text/pick";\nexport const ${name} = (${given}) => pick(${texts.map((found) => found[4]).join(", ")});\n`,
      map: null,
    };
  },
});
