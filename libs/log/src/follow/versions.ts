/**
 * Keys of one partition whose versions are remembered. Two decisions of one version can both be the valid writer's only
 * within that writer's time, as it folded all before; so many keys later the first of them is no longer needed.
 */
const VERSIONS_KEPT = 100_000;

/** The highest version given of each aggregate; of those that were decided on the longest ago none. */
export class Versions {
  private readonly byKey = new Map<string, number>();

  constructor(private readonly limit = VERSIONS_KEPT) {}

  /** 0: none is known. */
  get(key: string): number {
    return this.byKey.get(key) ?? 0;
  }

  set(key: string, version: number): void {
    this.byKey.delete(key);
    this.byKey.set(key, version);
    if (this.byKey.size <= this.limit) return;
    for (const oldest of this.byKey.keys()) {
      this.byKey.delete(oldest);
      break;
    }
  }
}
