import type { LiveEvent } from './live-event.ts';
import type { Places } from './places.ts';

interface Bounds {
  readonly recentBytes: number;
  readonly recentEvents: number;
}

/** The newest decisions, within bounds, in the order in which they were given. */
export class Recent {
  private events: LiveEvent[] = [];
  /** What was let go stands at the front of `events` until it is worth cutting it off. */
  private gone = 0;
  private bytes = 0;

  constructor(
    /** Everything from here on is kept. */
    readonly begins: Places,
    private readonly bounds: Bounds,
  ) {}

  add(event: LiveEvent): void {
    this.events.push(event);
    this.bytes += event.lines.length;
    while (
      this.bytes > this.bounds.recentBytes ||
      this.events.length - this.gone > this.bounds.recentEvents
    ) {
      this.letGo();
    }
  }

  *since(places: Places): Iterable<LiveEvent> {
    for (let index = this.gone; index < this.events.length; index += 1) {
      const event = this.events[index] as LiveEvent;
      if (event.offset >= places.at(event.region, event.partition).offset) yield event;
    }
  }

  /** Whether nothing that comes after these places was let go. */
  covers(places: Places): boolean {
    return places.reaches(this.begins);
  }

  private letGo(): void {
    const event = this.events[this.gone];
    if (event === undefined) return;
    this.begins.set(event.region, event.partition, event.position);
    this.bytes -= event.lines.length;
    this.gone += 1;
    if (this.gone < this.events.length / 2) return;
    this.events = this.events.slice(this.gone);
    this.gone = 0;
  }
}
