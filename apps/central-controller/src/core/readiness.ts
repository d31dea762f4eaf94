import { Injectable } from '@nestjs/common';
import { Gauge, type Registry } from '#libs/platform';

/** What a part says of itself at /health/ready: ready or not, and a few words and figures. */
export interface PartState {
  readonly ready: boolean;
  readonly [detail: string]: string | number | boolean;
}

/** Where parts register what makes them ready; the process is ready when every part is. */
@Injectable()
export class Readiness {
  private readonly checks = new Map<string, () => PartState>();

  constructor(metrics: Registry) {
    const states = () => this.states();
    const registers = [metrics];
    new Gauge({
      name: 'trunkline_part_ready',
      help: '1 while a part of the process is ready for its work',
      labelNames: ['part'],
      registers,
      collect() {
        for (const [part, { ready }] of states()) this.set({ part }, ready ? 1 : 0);
      },
    });
    new Gauge({
      name: 'trunkline_ready',
      help: '1 while the process is ready for its work, as /health/ready says',
      registers,
      collect() {
        this.set(states().every(([, { ready }]) => ready) ? 1 : 0);
      },
    });
  }

  /** `check` is asked at each probe: it must neither wait nor throw. */
  register(part: string, check: () => PartState): void {
    this.checks.set(part, check);
  }

  states(): [string, PartState][] {
    return [...this.checks].map(([part, check]) => [part, check()]);
  }
}
