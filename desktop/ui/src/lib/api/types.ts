// The one place from which the rest of the app takes types.
import type { CoreCalls, Event as CoreEvent, Shown } from "./generated/core";
import type { DeepLink, HostCalls, HostState, Settings, StagedFile, UpdateState } from "./generated/host";

export type * from "./generated/core";
export type * from "./generated/host";

export type Calls = CoreCalls & HostCalls;
export type Method = keyof Calls;
export type Params<M extends Method> = Calls[M]["params"];
export type Result<M extends Method> = Calls[M]["result"];

/** The core's events, with messages ready to draw, and the host's own. */
export type Event =
  | Exclude<CoreEvent, { event: "message" } | { event: "changed" }>
  | ({ event: "message" } & Shown)
  | ({ event: "changed" } & Shown)
  | { event: "state"; state: HostState }
  | { event: "lag" }
  | { event: "open"; target: { conversation: string; message?: string | null } }
  | { event: "drag"; over: boolean }
  | { event: "staged"; files: StagedFile[] }
  | { event: "link"; link: DeepLink }
  | { event: "update"; update: UpdateState }
  | { event: "settings"; settings: Settings };
