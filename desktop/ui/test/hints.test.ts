import { readFileSync, readdirSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { CallError } from "$lib/api/transport";
import { hints } from "$lib/text/hints.svelte";
import { language } from "$lib/text/language.svelte";
import { plain } from "$lib/text/plain";

type Table = Record<string, string>;
const ROOT = "../..";
const read = (path: string): string => readFileSync(path, "utf8");
const table = (name: string): Table => JSON.parse(read(`messages/hints/${name}.json`)) as Table;
const codes = table("codes");
const LANGUAGES = ["en", "de", "zh"];

/** Only programs without a window make these. */
const ELSEWHERE = /\/(custody|import)\//;

/** Codes that stand in Rust sources as what a failure is called. */
function named(folder: string): string[] {
  const rust = readdirSync(`${ROOT}/${folder}`, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".rs"));
  return rust
    .filter((name) => !ELSEWHERE.test(`/${name}`) && !/(^|\/)tests?(\/|\.rs$)/.test(name))
    .flatMap((name) => {
      const text = read(`${ROOT}/${folder}/${name}`).split("#[cfg(test)]")[0] ?? "";
      const made = text.matchAll(/(?:ErrorKind::\w+,|\busage\(|\bfailure\(|\bunknown\(|\bfail\()\s*"([a-z]+(?:_[a-z]+)*)"/g);
      return [...made].map(([, code]) => code ?? "");
    });
}

describe("what to do about a problem", () => {
  const section = read(`${ROOT}/docs/protocol.md`).split("## 14. Problems")[1] ?? "";
  const protocol = [...section.matchAll(/^\| \d{3} \| `(\w+)` \|/gm)].map(([, code]) => code ?? "");
  const core = named("client-core/src");
  const host = named("desktop/host/src");

  it("is said for every code of the protocol, the core and the host", () => {
    expect(protocol.length).toBeGreaterThan(35);
    expect(core.length).toBeGreaterThan(150);
    expect(host.length).toBeGreaterThan(10);
    const missing = new Set([...protocol, ...core, ...host].filter((code) => !(code in codes)));
    expect([...missing].sort()).toEqual([]);
  });

  it.each(LANGUAGES)("is there in the language %s, and names no command of the terminal", (name) => {
    const words = table(name);
    expect(Object.keys(words).sort()).toEqual(Object.keys(table("en")).sort());
    expect([...new Set(Object.values(codes))].filter((key) => !(key in words))).toEqual([]);
    for (const [key, text] of Object.entries(words)) expect(text, key).not.toMatch(/sealwire |`|--/);
  });
});

describe("the hints", () => {
  afterEach(() => language.choose("en"));

  it("are in the person's language, and general for what is not known", () => {
    expect(hints.of("rate_limited")).toMatch(/^Nothing was changed/);
    hints.put({ codes, ...Object.fromEntries(LANGUAGES.map((name) => [name, table(name)])) });
    expect(hints.of("rate_limited")).toMatch(/^Nothing is lost\. Wait/);
    language.choose("de");
    expect(hints.of("rate_limited")).toMatch(/^Nichts ist verloren\. Warte/);
    expect(hints.of("of_tomorrow")).toBe(table("de").generic);
  });
});

describe("words of the core", () => {
  it("lose the clauses that name a command", () => {
    expect(plain("the file is not here; fetch it first: `sealwire file get`")).toBe("the file is not here; fetch it first");
    expect(plain("Stopped. `sealwire chat show` says why. Nothing is sent")).toBe("Stopped. Nothing is sent");
    expect(plain("a name like `x`, and more: things")).toBe("a name like `x`, and more: things");
  });

  it("lose them in problems too", () => {
    expect(new CallError({ message: "no; `sealwire chat list` shows all" }).message).toBe("no");
  });
});
