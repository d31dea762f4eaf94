/** Outdated entries beside as many that count; beyond that the heap is made anew. */
const OUTDATED_LEAST = 64;

/** When which key is due: a binary heap whose outdated entries are dropped as they surface, or become too many. */
export class DueQueue {
  private readonly dueMs = new Map<string, number>();
  private heap: { readonly atMs: number; readonly key: string }[] = [];

  get(key: string): number | undefined {
    return this.dueMs.get(key);
  }

  set(key: string, atMs: number | undefined): void {
    if (this.dueMs.get(key) === atMs) return;
    if (atMs === undefined) {
      this.dueMs.delete(key);
      return;
    }
    this.dueMs.set(key, atMs);
    this.push({ atMs, key });
    if (this.heap.length > 2 * this.dueMs.size + OUTDATED_LEAST) this.sweep();
  }

  /** The earliest time anything is due. */
  next(): number | undefined {
    for (let top = this.heap[0]; top; top = this.heap[0]) {
      if (this.dueMs.get(top.key) === top.atMs) return top.atMs;
      this.pop();
    }
    return undefined;
  }

  /** Takes out the keys that are due by then, the earliest first. */
  take(nowMs: number, most = Number.POSITIVE_INFINITY): string[] {
    const keys: string[] = [];
    for (let atMs = this.next(); atMs !== undefined && atMs <= nowMs; atMs = this.next()) {
      if (keys.length === most) break;
      const top = this.pop();
      if (!top) break;
      this.dueMs.delete(top.key);
      keys.push(top.key);
    }
    return keys;
  }

  clear(): void {
    this.dueMs.clear();
    this.heap.length = 0;
  }

  /** Entries in the heap, the outdated ones among them. */
  get entries(): number {
    return this.heap.length;
  }

  /** A sorted list is a heap. */
  private sweep(): void {
    this.heap = [...this.dueMs].map(([key, atMs]) => ({ atMs, key })).sort((a, b) => a.atMs - b.atMs);
  }

  private push(entry: { atMs: number; key: string }): void {
    const { heap } = this;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (!above || above.atMs <= entry.atMs) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  private pop(): { atMs: number; key: string } | undefined {
    const { heap } = this;
    const top = heap[0];
    const last = heap.pop();
    if (!last || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const left = heap[child];
      if (!left) break;
      const right = heap[child + 1];
      if (right && right.atMs < left.atMs) child += 1;
      const least = heap[child];
      if (!least || least.atMs >= last.atMs) break;
      heap[at] = least;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}
