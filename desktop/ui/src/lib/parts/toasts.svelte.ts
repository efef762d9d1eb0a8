/** Short notes at the edge of the window. Errors stay until they are closed. */
export interface Toast {
  id: number;
  at: Date;
  text: string;
  /** Of a problem: what to do stands beside it. */
  code?: string | undefined;
  bad?: boolean | undefined;
  action?: { label: string; do: () => void } | undefined;
}

const SHOWN_MS = 5_000;
const MOST = 4;

class Toasts {
  list = $state<Toast[]>([]);
  private next = 0;

  show(toast: Omit<Toast, "id" | "at">, shown_ms = SHOWN_MS): number {
    const id = (this.next += 1);
    this.list = [...this.list.slice(1 - MOST), { ...toast, id, at: new Date() }];
    if (!toast.bad) setTimeout(() => this.close(id), shown_ms);
    return id;
  }

  close(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  /** What was told to whoever had unlocked is not for others. */
  clear(): void {
    this.list = [];
  }

  /** Tells of a call that failed: what happened, and what to do. */
  problem(problem: { message: string; code: string }): void {
    this.show({ text: problem.message, code: problem.code, bad: true });
  }
}

export const toasts = new Toasts();
