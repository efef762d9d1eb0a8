// Files that the host holds until they are sent. It tells of all of them whenever one comes or goes,
// so what is being given back must not be taken once more meanwhile.
import { call } from "$lib/api/transport";
import type { StagedFile } from "$lib/api/types";

const gone = new Set<number>();

export const waiting = (files: readonly StagedFile[]): StagedFile[] => files.filter(({ id }) => !gone.has(id));

export function giveBack(files: readonly StagedFile[]): void {
  for (const { id } of files) gone.add(id);
  for (const { id } of files) void call("unstage", { id }).catch(() => undefined);
}
