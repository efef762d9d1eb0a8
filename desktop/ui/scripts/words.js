// Makes the compiled messages smaller: each chooses its language by one shared function in place
// of a chain of its own, and holds its texts itself in place of functions that give them.
const SHARED = "virtual:words";
const CHAIN = /^(export )?const (\S+) = \/\*\*.*\*\/ \(\(inputs(?: = \{\})?, options = \{\}\) => \{\n((?:\t(?:const|if|return) .*\n)+)\}\);$/m;
/** A function of one language that only gives a text. */
const TEXT = /^const (\S+) = \/\*\*.*?\*\/ \((i?)\) => \{\n\treturn \/\*\*.*?\*\/ \((`(?:[^`\\]|\\.)*`)\)\n\};\n/gm;

/** @returns {import("vite").Plugin} */
export function words() {
  return {
    name: "words",
    resolveId: (id) => (id === SHARED ? `\0${SHARED}` : null),
    load: (id) => (id === `\0${SHARED}` ? `
import { getLocale, locales } from "/src/lib/words/runtime.js";
export const pick = (...all) => (inputs = {}) => {
  const one = all[Math.max(0, locales.indexOf(getLocale()))];
  return typeof one === "string" ? one : one(inputs);
};
` : null),
    transform(code, id) {
      const found = /\/words\/messages\/(?!_index)[^/]+\.js$/.test(id) && CHAIN.exec(code);
      if (!found) return null;
      const [whole, exported = "", name, body] = found;
      const returns = [...body.matchAll(/return (\S+)\(inputs\)/g)].map((one) => one[1]);
      /** @type {Map<string, string>} */
      const texts = new Map();
      const rest = code.replace(TEXT, (_, of, input, text) => {
        texts.set(of, input ? `(i) => ${text.replaceAll("${i?.", "${i.")}` : text);
        return "";
      });
      // The base language, which is the first, comes last in the chain.
      const all = [returns.at(-1), ...returns.slice(0, -1)].map((one) => texts.get(one) ?? one).join(", ");
      const made = rest.replaceAll("i?.", "i.").replace(whole, () => `${exported}const ${name} = /*#__PURE__*/ pick(${all});`);
      return { code: `import { pick } from "${SHARED}";\n${made}`, map: null };
    },
  };
}
