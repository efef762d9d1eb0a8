import { tick } from "svelte";
import { call } from "$lib/api/transport";
import { attempt } from "./asked.svelte";
import { draftsKept } from "./composer.svelte";
import { host } from "./host.svelte";
import { view } from "./view.svelte";

/** Closes the profile. The conversation is left first, for the core to have its draft, and is the place to come back to. */
export async function lock(): Promise<void> {
  const { conversation } = view;
  view.conversation = null;
  await tick();
  await draftsKept();
  await attempt(async () => {
    host.state = await call("lock", {});
  });
  view.conversation = conversation;
}
