import { render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import Damaged from "$lib/screens/Damaged.svelte";
import Locked from "$lib/screens/Locked.svelte";
import RemoveAccount from "$lib/screens/settings/RemoveAccount.svelte";
import { host } from "$lib/state/host.svelte";
import { language } from "$lib/text/language.svelte";
import { around } from "./around";
import { violations } from "./axe";
import { be, problem, state, type StandIn } from "./standin";

let app: StandIn;
const user = userEvent.setup();
const asked = (): unknown[] => app.asked.filter((one) => one.method === "remove_account").map(({ params }) => params);
const locked = { phase: "locked", account: null, erased: true } as const;

async function opens(): Promise<HTMLElement> {
  await user.click(await screen.findByRole("button", { name: "Remove from this device" }));
  return screen.findByRole("dialog", { name: "Remove from this device" });
}
const removes = (dialog: HTMLElement): Promise<void> => user.click(within(dialog).getByRole("button", { name: "Remove" }));

beforeEach(() => {
  language.choose("en");
  app = around();
});

describe("removing an account from this device", () => {
  it("asks for the passphrase if the host wants it, and sends none that was not typed", async () => {
    be({ phase: "locked", account: null });
    app.answers.remove_account = ({ passphrase }) => (passphrase === "right" ? state({ phase: "empty" }) : problem("passphrase_needed", "type it"));
    render(RemoveAccount);
    const dialog = await opens();
    expect(within(dialog).queryByLabelText("Passphrase")).toBeNull();
    await removes(dialog);
    const field = await within(dialog).findByLabelText("Passphrase");
    await removes(dialog);
    await within(dialog).findByText(/That is not the passphrase/);
    expect(within(dialog).queryByRole("switch")).toBeNull();
    await user.type(field, "right");
    await removes(dialog);
    await waitFor(() => expect(host.state?.phase).toBe("empty"));
    const [nothing, right] = [null, "right"].map((passphrase) => ({ passphrase, unconfirmed: false }));
    expect(asked()).toEqual([nothing, nothing, right]);
  });

  it("offers to go without a receipt once it went wrong, and says what that means", async () => {
    be(locked);
    app.answers.remove_account = ({ unconfirmed }) => (unconfirmed ? state({ phase: "empty" }) : problem("network", "the relay does not answer"));
    const { unmount } = render(Locked);
    const dialog = await opens();
    expect(within(dialog).queryByRole("switch")).toBeNull();
    await user.type(within(dialog).getByLabelText("Passphrase"), "right");
    await removes(dialog);
    await within(dialog).findByRole("switch", { name: "Remove without a receipt" });
    within(dialog).getByText(/The relay is never told/);
    expect(await violations()).toEqual([]);
    unmount();
    // Only the receipt is left: there is nothing to unlock.
    be({ ...locked, lock: null });
    render(Locked);
    expect(screen.queryByRole("button", { name: "Unlock" })).toBeNull();
    const again = await opens();
    expect(within(again).queryByLabelText("Passphrase")).toBeNull();
    await user.click(within(again).getByRole("switch"));
    await removes(again);
    await waitFor(() => expect(host.state?.phase).toBe("empty"));
    expect(asked().at(-1)).toEqual({ passphrase: null, unconfirmed: true });
  });

  it("is there for an erased account that cannot be opened, and for no other", async () => {
    be({ phase: "damaged", account: null });
    const { unmount } = render(Damaged);
    await screen.findByText("Are my messages safe?");
    expect(screen.queryByRole("button", { name: "Remove from this device" })).toBeNull();
    unmount();
    be({ ...locked, phase: "damaged" });
    render(Damaged);
    await opens();
    expect(await violations()).toEqual([]);
  });
});
