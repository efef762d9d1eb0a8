// A search through all history. The core parses, finds and marks; here is only what was asked last.
import { asProblem, call, type CallError } from "$lib/api/transport";
import type { Query, SearchHit, SearchPage, Sort } from "$lib/api/types";

const PAGE = 40;
const WAIT_MS = 80;

export class Search {
  text = $state("");
  sort = $state<Sort>("newest");
  hits = $state.raw<SearchHit[]>([]);
  query = $state.raw<Query>({ clauses: [] });
  busy = $state(false);
  /** All history is in the index. */
  complete = $state(true);
  problem = $state.raw<CallError | null>(null);
  /** Which hit the person stands at. */
  at = $state(-1);
  private next = $state.raw<string | null>(null);
  private turn = 0;
  private wait: ReturnType<typeof setTimeout> | undefined;

  readonly more = $derived(this.next !== null);

  /** `within` is put before whatever is looked for, as `in:`. */
  constructor(private readonly within: () => string = () => "") {}

  write(text: string): void {
    this.text = text;
    clearTimeout(this.wait);
    this.wait = setTimeout(() => void this.run(true), WAIT_MS);
  }

  order(sort: Sort): void {
    this.sort = sort;
    void this.run(false);
  }

  async run(typing: boolean): Promise<void> {
    clearTimeout(this.wait);
    const turn = (this.turn += 1);
    if (this.text.trim() === "") {
      this.take({ query: { clauses: [] }, hits: [], next: null, ranked_newest: null, complete: true });
      this.busy = false;
      return;
    }
    this.busy = true;
    try {
      const page = await this.ask(typing, null);
      if (turn === this.turn) this.take(page);
    } catch (thrown) {
      if (turn === this.turn) this.problem = asProblem(thrown);
    } finally {
      if (turn === this.turn) this.busy = false;
    }
  }

  async load(): Promise<void> {
    const { turn, next } = this;
    if (next === null || this.busy) return;
    this.busy = true;
    try {
      const page = await this.ask(false, next);
      if (turn !== this.turn) return;
      this.hits = [...this.hits, ...page.hits];
      this.next = page.next;
    } catch (thrown) {
      this.problem = asProblem(thrown);
    } finally {
      this.busy = false;
    }
  }

  /** The hit `by` places on, round the ends. */
  step(by: number): SearchHit | null {
    if (this.hits.length === 0) return null;
    this.at = this.at < 0 ? (by > 0 ? 0 : this.hits.length - 1) : (this.at + by + this.hits.length) % this.hits.length;
    return this.hits[this.at] ?? null;
  }

  private take(page: SearchPage): void {
    this.hits = page.hits;
    this.query = page.query;
    this.next = page.next;
    this.complete = page.complete;
    this.problem = null;
    this.at = -1;
  }

  private ask(typing: boolean, cursor: string | null): Promise<SearchPage> {
    const within = this.within();
    // Behind the text: the places that the core tells stay those of what the person sees.
    const query = within === "" ? this.text : `${this.text} ${within}`;
    return call("search", { query, typing: typing && within === "", sort: this.sort, limit: PAGE, cursor });
  }
}
