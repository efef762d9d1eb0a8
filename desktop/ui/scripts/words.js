// Makes the compiled messages smaller: each chooses its language by one shared function in place
// of a chain of its own.
const SHARED = "virtual:words";
const CHAIN = /^(export )?const (\S+) = \/\*\*.*\*\/ \(\(inputs(?: = \{\})?, options = \{\}\) => \{\n((?:\t(?:const|if|return) .*\n)+)\}\);$/m;

/** @returns {import("vite").Plugin} */
export function words() {
  return {
    name: "words",
    resolveId: (id) => (id === SHARED ? `\0${SHARED}` : null),
    load: (id) => (id === `\0${SHARED}` ? `
import { getLocale, locales } from "/src/lib/words/runtime.js";
export const pick = (...all) => (inputs = {}) => all[Math.max(0, locales.indexOf(getLocale()))](inputs);
` : null),
    transform(code, id) {
      const found = /\/words\/messages\/(?!_index)[^/]+\.js$/.test(id) && CHAIN.exec(code);
      if (!found) return null;
      const [whole, exported = "", name, body] = found;
      const returns = [...body.matchAll(/return (\S+)\(inputs\)/g)].map((one) => one[1]);
      // The base language, which is the first, comes last in the chain.
      const all = [returns.at(-1), ...returns.slice(0, -1)].join(", ");
      const made = code.replace(whole, () => `${exported}const ${name} = /*#__PURE__*/ pick(${all});`);
      return { code: `import { pick } from "${SHARED}";\n${made}`, map: null };
    },
  };
}
