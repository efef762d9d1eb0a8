// A browser against the development bridge. The token comes in the fragment and is taken out of
// the address at once.
import type { Transport } from "./transport";
import type { Event, Method, Params, Problem, Result, StagedFile } from "./types";

type Answer = { id: number; result?: unknown; problem?: Problem };
type Waiting = { resolve: (result: never) => void; reject: (problem: unknown) => void };

const REOPEN_MS = 500;

export function bridge(location: Location): Transport {
  const token = takeToken(location);
  const listeners = new Set<(event: Event) => void>();
  const waiting = new Map<number, Waiting>();
  let next = 0;
  let socket: Promise<WebSocket> | null = null;
  let opened = false;

  const tell = (event: Event): void => {
    for (const listener of listeners) listener(event);
  };

  function open(): Promise<WebSocket> {
    socket ??= new Promise((resolve, reject) => {
      const address = new URL("/calls", location.href);
      address.protocol = "ws:";
      address.hash = "";
      address.searchParams.set("token", token);
      const made = new WebSocket(address);
      made.onopen = () => {
        if (opened) tell({ event: "lag" });
        opened = true;
        resolve(made);
      };
      made.onmessage = ({ data }: MessageEvent<string>) => take(JSON.parse(data) as Answer | Event);
      made.onclose = () => {
        socket = null;
        const problem = { kind: "transient", code: "bridge_gone", message: "the bridge is gone" };
        reject(problem);
        for (const { reject: fail } of waiting.values()) fail(problem);
        waiting.clear();
        if (opened) setTimeout(() => void open().catch(() => undefined), REOPEN_MS);
      };
    });
    return socket;
  }

  function take(said: Answer | Event): void {
    if ("event" in said) return tell(said);
    const asked = waiting.get(said.id);
    waiting.delete(said.id);
    if (said.problem) asked?.reject(said.problem);
    else asked?.resolve((said.result ?? null) as never);
  }

  return {
    async call<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
      const to = await open();
      const id = (next += 1);
      return new Promise<Result<M>>((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        to.send(JSON.stringify({ id, method, params }));
      });
    },
    listen(fn) {
      listeners.add(fn);
      void open().catch(() => undefined);
      return () => listeners.delete(fn);
    },
    fileUrl: (attachment, form) => `/file/${attachment}/${form}?token=${token}`,
    async stage(file) {
      const answer = await fetch(`/stage?token=${token}&name=${encodeURIComponent(file.name)}`, {
        method: "POST",
        headers: { "content-type": file.type || "application/octet-stream" },
        body: file,
      });
      const said: unknown = await answer.json();
      if (!answer.ok) throw said;
      return said as StagedFile;
    },
  };
}

function takeToken(location: Location): string {
  const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
  if (token) {
    history.replaceState(null, "", location.pathname + location.search);
    // A reload of the page, which developers do all day, has to find it again.
    sessionStorage.setItem("bridge-token", token);
  }
  return token || (sessionStorage.getItem("bridge-token") ?? "");
}
