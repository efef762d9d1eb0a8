/** A number that this window remembers, as a width; nothing of anybody's messages. */
export class StoredNumber {
  value = $state(0);

  constructor(
    private readonly key: string,
    usual: number,
    private readonly least: number,
    private readonly most: number,
  ) {
    const kept = Number(localStorage.getItem(key) ?? usual);
    this.value = this.within(Number.isFinite(kept) ? kept : usual);
  }

  set(value: number): void {
    this.value = this.within(value);
    localStorage.setItem(this.key, String(this.value));
  }

  get bounds(): [number, number] {
    return [this.least, this.most];
  }

  private within(value: number): number {
    return Math.round(Math.min(this.most, Math.max(this.least, value)));
  }
}
