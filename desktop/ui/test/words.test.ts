import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

type Words = Record<string, unknown>;
const read = (place: string, locale: string): Words => {
  const { $schema: _, ...words } = JSON.parse(readFileSync(`messages/${place}${locale}.json`, "utf8")) as Words;
  return words;
};

/** All texts of a message: one, or one for each form of a plural. */
function texts(message: unknown): string[] {
  if (typeof message === "string") return [message];
  return (message as { match: Record<string, string> }[]).flatMap(({ match }) => Object.values(match));
}
const placeholders = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "").sort();

describe.each(["", "around/"])("messages/%s", (place) => {
  const english = read(place, "en");

  it.each(["de", "zh"])("%s says all that English says, with the same gaps", (locale) => {
    const other = read(place, locale);
    expect(Object.keys(other).sort()).toEqual(Object.keys(english).sort());
    for (const [key, message] of Object.entries(english)) {
      const wanted = [...new Set(texts(message).flatMap(placeholders))].sort();
      const got = [...new Set(texts(other[key]).flatMap(placeholders))].sort();
      expect(got, key).toEqual(wanted);
      expect(texts(other[key]).every((text) => text.trim() !== ""), key).toBe(true);
    }
  });

  it("German has its quotation marks, and Chinese no Latin full stops", () => {
    for (const [key, message] of Object.entries(read(place, "de"))) for (const text of texts(message)) expect(text, key).not.toMatch(/[“][^”]*”/);
    for (const [key, message] of Object.entries(read(place, "zh"))) for (const text of texts(message)) expect(text, key).not.toMatch(/\p{Script=Han}[.,;]/u);
  });
});

it("no message stands in two places", () => {
  const first = Object.keys(read("", "en"));
  const second = new Set(Object.keys(read("around/", "en")));
  expect(first.filter((key) => second.has(key))).toEqual([]);
});
