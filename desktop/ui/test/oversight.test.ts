import { render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { flushSync } from "svelte";
import { beforeEach, describe, expect, it } from "vitest";
import { curve, counted, rough, standing, stored } from "$lib/logic/oversight";
import Health from "$lib/screens/admin/Health.svelte";
import Requests from "$lib/screens/admin/Requests.svelte";
import { language } from "$lib/text/language.svelte";
import { around, health, HOUR_MS, DAY_MS, registers } from "./around";
import { violations } from "./axe";
import { be, problem, type StandIn } from "./standin";

let app: StandIn;
const user = userEvent.setup();
const asked = (method: string): number => app.asked.filter((one) => one.method === method).length;

beforeEach(() => {
  language.choose("en");
  app = around();
  be();
});

describe("requests", () => {
  it.each([
    ["en", "Overdue by 3 hours", "2 days left", "Refused, 5 days late"],
    ["de", "Überfällig seit 3 Stunden", "noch 2 Tage", "Abgelehnt, 5 Tage zu spät"],
    ["zh", /^已逾期 3\s*小时$/, /^剩余 2\s*(天|日)$/, /^已拒绝，迟了 5\s*(天|日)$/],
  ])("tell in words how each clock stands (%s)", async (locale, late, left, refused) => {
    language.choose(locale);
    flushSync();
    render(Requests);
    const badge = await screen.findByText(late);
    // Not by colour alone.
    expect(badge.querySelector("svg")).toBeTruthy();
    expect(screen.getByText(left).querySelector("svg")).toBeTruthy();
    expect(screen.getByText(refused)).toBeTruthy();
    expect(await violations()).toEqual([]);
  });

  it("keep the order of the relay, and say what was left off", async () => {
    render(Requests);
    await screen.findByText(/^Overdue/);
    const rows = screen.getAllByRole("listitem").map(({ textContent }) => textContent ?? "");
    expect(rows[0]).toContain("no account here");
    expect(rows[1]).toContain("bob");
    expect(screen.getByText(/Time extended/)).toBeTruthy();
    expect(screen.getByText("3 more in the register")).toBeTruthy();
    expect(screen.getByText("the disk was full")).toBeTruthy();
    expect(screen.getByText("Told")).toBeTruthy();
  });

  it("name the usual kinds of incidents in the person's language, and others as they were entered", async () => {
    const [one] = registers.incidents;
    app.answers.requests = { ...registers, incidents: [one!, { ...one!, number: 2, kind: "Stromausfall" }] };
    language.choose("de");
    flushSync();
    render(Requests);
    await screen.findByText(/^Verfügbarkeit · /);
    expect(screen.getByText(/^Stromausfall · /)).toBeTruthy();
  });

  it("are asked for on opening and by the button only", async () => {
    app.answers.requests = { ...registers, requests: [], incidents: [], incidents_left: 0 };
    render(Requests);
    await screen.findByText("No requests");
    expect(asked("requests")).toBe(1);
    app.answers.requests = registers;
    await user.click(screen.getByRole("button", { name: "Refresh" }));
    await screen.findByText(/^Overdue/);
    expect(asked("requests")).toBe(2);
  });

  it("an older relay is told as it is", async () => {
    app.answers.requests = () => problem("not_found", "the relay does not know this");
    render(Requests);
    await screen.findByText(/the relay does not know this/);
    expect(await violations()).toEqual([]);
  });
});

describe("health", () => {
  it("is curves with a sentence each, and a table", async () => {
    render(Health);
    const curves = await screen.findAllByRole("img");
    expect(curves).toHaveLength(6);
    const messages = screen.getByRole("img", { name: /^Messages taken: .* at most 40–49, in the end 30–39$/ });
    expect(messages.querySelector("polyline")?.getAttribute("points")?.split(" ")).toHaveLength(health.points.length);
    await user.click(screen.getByText("All figures"));
    const table = screen.getByRole("table");
    expect(within(table).getAllByRole("row")).toHaveLength(health.points.length + 1);
    expect(within(table).getByRole("columnheader", { name: "Messages taken" })).toBeTruthy();
    expect(screen.getByText(/not cosigned since the start/)).toBeTruthy();
    expect(await violations()).toEqual([]);
  });

  it("right after the start says that there are no curves yet", async () => {
    app.answers.relay_health = { ...health, points: health.points.slice(0, 1), drill: null };
    render(Health);
    await screen.findByText(/15 minutes after/);
    expect(screen.queryByRole("img")).toBeNull();
    expect(screen.getByText("None that the relay was told of")).toBeTruthy();
  });

  it("says that logs are halted", async () => {
    app.answers.relay_health = { ...health, logs_halted: true };
    render(Health);
    await screen.findByText(/^The logs are halted/);
    expect(await violations()).toEqual([]);
  });

  it.each(["de", "zh", "en-XA", "ar-XB"])("follows the language %s", async (locale) => {
    language.choose(locale);
    flushSync();
    render(Health);
    await waitFor(() => expect(screen.getAllByRole("img")).toHaveLength(6));
    expect(screen.queryByText("Messages taken")).toBeNull();
    expect(await violations()).toEqual([]);
  });
});

describe("in words", () => {
  it("times are told from below", () => {
    expect(rough(20 * 1_000)).toBe("1 minute");
    expect(rough(61 * 60_000)).toBe("1 hour");
    expect(rough(2 * DAY_MS - 1)).toBe("47 hours");
    expect(rough(2 * DAY_MS)).toBe("2 days");
    expect(rough(5 * DAY_MS + 23 * HOUR_MS)).toBe("5 days");
  });

  it("a clock stands in one of four ways", () => {
    expect([standing(null, 0), standing(null, 1), standing(5, 0), standing(5, 1)]).toEqual(["running", "late", "met", "met_late"]);
  });

  it("coarse figures stay coarse", () => {
    expect([counted(0), counted(120)]).toEqual(["0–9", "120–129"]);
    expect(stored(0)).toMatch(/^< 16\.8/);
    expect(stored(2 ** 25)).toMatch(/^33\.6/);
  });

  it("a curve stays in its box", () => {
    expect(curve([0, 0])).toBe("0.00,100.00 100.00,100.00");
    expect(curve([0, 5, 10]).split(" ")[2]).toBe("100.00,4.00");
    expect(curve([3])).toBe("0.00,4.00");
  });
});
