// What to do in the app about a problem, by its code. The core's own hints name commands of the
// terminal and are never shown. The tables are files, fetched with the first problem.
import codes from "../../../messages/hints/codes.json?url";
import de from "../../../messages/hints/de.json?url";
import en from "../../../messages/hints/en.json?url";
import zh from "../../../messages/hints/zh.json?url";
import { m } from "$lib/words/messages";
import { language } from "./language.svelte";

type Table = Record<string, string>;

const files: Table = { en, de, zh };

class Hints {
  private tables = $state.raw<Record<string, Table>>({});
  private readonly asked = new Set<string>();

  /** What to do about the problem `code`, in the language of the app. */
  of(code: string): string {
    const words = this.words();
    this.fetch("codes", codes);
    this.fetch(words, files[words] ?? en);
    const key = this.tables.codes?.[code] ?? "generic";
    return this.tables[words]?.[key] ?? m.problem_generic();
  }

  /** Puts tables in place, for tests of components. */
  put(tables: Record<string, Table>): void {
    for (const name of Object.keys(tables)) this.asked.add(name);
    this.tables = { ...this.tables, ...tables };
  }

  private words(): string {
    return language.tag in files ? language.tag : "en";
  }

  private fetch(name: string, file: string): void {
    if (this.asked.has(name)) return;
    this.asked.add(name);
    void fetch(file)
      .then((answer) => answer.json() as Promise<Table>)
      .then((table) => this.put({ [name]: table }))
      // The general words stay; the next problem asks again.
      .catch(() => this.asked.delete(name));
  }
}

export const hints = new Hints();
