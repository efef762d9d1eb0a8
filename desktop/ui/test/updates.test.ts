import { render, screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import type { UpdateState } from "$lib/api/types";
import { signer } from "$lib/logic/signer";
import UpdateLine from "$lib/screens/overlays/UpdateLine.svelte";
import About from "$lib/screens/settings/About.svelte";
import { updates } from "$lib/state/updates.svelte";
import { language } from "$lib/text/language.svelte";
import { around, found, update } from "./around";
import { violations } from "./axe";
import { be, type StandIn } from "./standin";

let app: StandIn;
const user = userEvent.setup();
const refused = { kind: "untrusted", code: "update_not_logged", message: "the relay cannot prove it", hint: "look", retry_after_ms: null };
const asked = (method: string): number => app.asked.filter((one) => one.method === method).length;
const told = (fields: Partial<UpdateState>): void => app.tell({ event: "update", update: update(fields) });

beforeEach(() => {
  language.choose("en");
  app = around();
  be();
  Object.assign(updates, { now: null, later: "" });
  updates.start();
});

it("a key is shown by its first eight bytes", () => {
  expect(signer("0123456789abcdef".repeat(4))).toBe("0123 4567 89ab cdef");
  expect(signer("")).toBe("");
});

describe("the line of an update", () => {
  it("is there when it can be installed, says whose it is, and can be put off", async () => {
    render(UpdateLine);
    for (const stage of ["none", "available", "fetching", "impossible"] as const) {
      told({ stage, update: found });
      await waitFor(() => expect(updates.now?.stage).toBe(stage));
      expect(screen.queryByRole("status"), stage).toBeNull();
    }
    told({ stage: "ready", update: found });
    await screen.findByText(/Version 9\.1\.0 is ready\. Signed by ab12 ab12 ab12 ab12, entry 412 of the log\./);
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(await violations()).toEqual([]);
    await user.click(screen.getByRole("button", { name: "Later" }));
    await waitFor(() => expect(screen.queryByRole("status")).toBeNull());
    expect(asked("install_update")).toBe(0);
    told({ stage: "ready", update: { ...found, version: "9.2.0" } });
    await screen.findByText(/Version 9\.2\.0 is ready/);
  });

  it("installs when the person says so, and tells what comes of it", async () => {
    render(UpdateLine);
    told({ stage: "ready", update: found });
    app.answers.install_update = update({ stage: "ready", update: found, command: "sudo dpkg --install 'x.deb'", problem: { ...refused, kind: "usage", code: "update_by_hand" } });
    await user.click(await screen.findByRole("button", { name: "Install" }));
    await screen.findByText("sudo dpkg --install 'x.deb'");
    app.answers.install_update = update({ stage: "installed", update: found });
    await user.click(screen.getByRole("button", { name: "Install" }));
    await screen.findByText(/Version 9\.1\.0 is installed/);
    expect(asked("install_update")).toBe(2);
  });

  it("warns of what must not be installed, and not of a relay that is away", async () => {
    render(UpdateLine);
    told({ stage: "failed", problem: { ...refused, kind: "io" } });
    await waitFor(() => expect(updates.now?.stage).toBe("failed"));
    expect(screen.queryByRole("status")).toBeNull();
    told({ stage: "failed", problem: refused });
    await screen.findByText("The relay offers an update that must not be installed.");
    expect(await violations()).toEqual([]);
  });
});

describe("what the settings say of updates", () => {
  it.each([
    ["it takes none", update({ stage: "impossible", signer: null }), /built without a release key/, false],
    ["there is none", update(), /No newer version is known/, true],
    ["one is coming", update({ stage: "fetching", update: found, fetched: 420 }), /Version 9\.1\.0 is being fetched: 42%/, true],
    ["one is here", update({ stage: "ready", update: found }), /Version 9\.1\.0 is ready to be installed/, true],
    ["one was refused", update({ stage: "failed", problem: refused }), /the relay cannot prove it/, true],
  ] as const)("%s", async (_, now, words, checks) => {
    updates.now = now;
    render(About);
    await screen.findByText(words);
    expect(screen.queryByRole("button", { name: "Check now" }) !== null).toBe(checks);
    expect(await violations()).toEqual([]);
  });

  it("checks when asked", async () => {
    updates.now = update();
    app.answers.check_update = update({ stage: "available", update: found });
    render(About);
    await user.click(await screen.findByRole("button", { name: "Check now" }));
    await screen.findByText(/is being fetched: 0%/);
    await screen.findByText("412");
  });
});
