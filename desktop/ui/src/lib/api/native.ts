// The app's own window: one command, one channel, one scheme for files.
import { Channel, convertFileSrc, invoke, isTauri } from "@tauri-apps/api/core";
import type { Transport } from "./transport";
import type { Event, Method, Params, Result, StagedFile } from "./types";

export const isNative = (): boolean => isTauri();

export function native(): Transport {
  const listeners = new Set<(event: Event) => void>();
  let subscribed = false;
  const subscribe = (): void => {
    if (subscribed) return;
    subscribed = true;
    const channel = new Channel<Event>();
    channel.onmessage = (event) => {
      for (const listener of listeners) listener(event);
    };
    void invoke("events", { channel });
  };
  return {
    call: <M extends Method>(method: M, params: Params<M>) =>
      invoke<Result<M>>("call", { method, params }),
    listen(fn) {
      listeners.add(fn);
      subscribe();
      return () => listeners.delete(fn);
    },
    fileUrl: (attachment, form) => convertFileSrc(`${attachment}/${form}`, "sealwire-file"),
    async stage(file) {
      const bytes = await file.arrayBuffer();
      const name = encodeURIComponent(file.name);
      return invoke<StagedFile>("stage", bytes, { headers: { "x-name": name, "x-type": file.type } });
    },
  };
}
