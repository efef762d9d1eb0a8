import { render, screen, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import Locked from "$lib/screens/Locked.svelte";
import PeoplePicker from "$lib/screens/overlays/PeoplePicker.svelte";
import Compliance from "$lib/screens/panels/Compliance.svelte";
import { hints } from "$lib/text/hints.svelte";
import { language } from "$lib/text/language.svelte";
import { around } from "./around";
import { violations } from "./axe";
import { be, problem, type StandIn } from "./standin";

const table = (name: string): Record<string, string> => JSON.parse(readFileSync(`messages/hints/${name}.json`, "utf8")) as Record<string, string>;
const user = userEvent.setup();
let app: StandIn;

beforeEach(() => {
  language.choose("en");
  app = around();
  be();
});

describe("a call that failed", () => {
  it("for a name is told at the field, and what to do as soon as that is known", async () => {
    app.answers.lookup = () => problem("rate_limited", "too many requests");
    render(PeoplePicker, { chosen: [], onchange: () => undefined });
    await user.type(screen.getByLabelText("Members"), "dora{Enter}");
    expect((await screen.findByRole("alert")).textContent).toMatch(/^too many requests\. Nothing was changed/);
    hints.put({ codes: table("codes"), en: table("en") });
    await screen.findByText(/^too many requests\. Nothing is lost\. Wait/);
    expect(screen.getByLabelText("Members").getAttribute("aria-invalid")).toBe("true");
    expect(await violations()).toEqual([]);
  });

  it.each([
    ["looking up a name", PeoplePicker, { chosen: [], onchange: () => undefined }, (): Promise<void> => user.type(screen.getByLabelText("Members"), "dora{Enter}")],
    ["unlocking", Locked, {}, (): Promise<void> => user.type(screen.getByLabelText("Passphrase"), "a passphrase{Enter}")],
    ["what a page shows", Compliance, {}, async (): Promise<void> => undefined],
  ])("gives details to copy where it is shown: %s", async (_, screen_, props, act) => {
    for (const method of ["lookup", "unlock", "compliance"] as const) app.answers[method] = () => problem("disk_full", "Bob's disk is full");
    render(screen_ as typeof Locked, props as Record<string, never>);
    await act();
    const told = (await screen.findByText(/Bob's disk is full/)).closest<HTMLElement>(".banner, .error")!;
    await user.click(within(told).getByRole("button", { name: "Copy details" }));
    const copied = await navigator.clipboard.readText();
    expect(copied).toMatch(/^sealwire: disk_full\n/);
    expect(copied).not.toContain("Bob");
  });
});
