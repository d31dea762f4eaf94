import { Injectable } from '@nestjs/common';

/** What a part says of itself at /health/ready: ready or not, and a few words and figures. */
export interface PartState {
  readonly ready: boolean;
  readonly [detail: string]: string | number | boolean;
}

/** Where parts register what makes them ready; the process is ready when every part is. */
@Injectable()
export class Readiness {
  private readonly checks = new Map<string, () => PartState>();

  /** `check` is asked at each probe: it must neither wait nor throw. */
  register(part: string, check: () => PartState): void {
    this.checks.set(part, check);
  }

  states(): [string, PartState][] {
    return [...this.checks].map(([part, check]) => [part, check()]);
  }
}
