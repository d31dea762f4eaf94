import type { Sink } from '../../apps/central-controller/src/live/reader.ts';

/** A reader of the live stream that takes all, or nothing. */
export class TestSink implements Sink {
  text = '';
  isOver = false;
  private pending = 0;
  private wake: (() => void) | undefined;

  constructor(public takes = true) {}

  write(bytes: string | Buffer): void {
    this.text += bytes.toString();
    if (!this.takes) this.pending += bytes.length;
  }
  waiting = () => this.pending;
  drained = () =>
    new Promise<void>((resolve) => {
      this.wake = resolve;
    });
  takeAll(): void {
    this.takes = true;
    this.pending = 0;
    this.wake?.();
  }
  end(): void {
    this.isOver = true;
  }
  destroy = () => this.end();

  /** `<connection>/<version>` of every event. */
  get ids(): string[] {
    return [...this.text.matchAll(/^data: .*?"event_id":"([^"]+)"/gm)].map(([, id]) => id ?? '');
  }
  get lastId(): string {
    return [...this.text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? '';
  }
}
