const WAIT_MS = 60;

/**
 * Makes of `fn` one that runs a moment after it is asked for, once for all that ask meanwhile, and
 * never twice at the same time.
 */
export function soon(fn: () => Promise<void>, wait_ms = WAIT_MS): () => void {
  let asked = false;
  let running = false;
  const run = async (): Promise<void> => {
    running = true;
    asked = false;
    try {
      await fn();
    } finally {
      running = false;
      if (asked) setTimeout(() => void run(), wait_ms);
    }
  };
  return () => {
    if (asked) return;
    asked = true;
    if (!running) setTimeout(() => void run(), wait_ms);
  };
}
