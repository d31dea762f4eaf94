import type { RegionDecision, RegionDecisionName } from '#libs/contracts';
import type { Decision, Outcome } from '../decider.ts';
import type { Settings } from '../judgement/index.ts';

export type RegionOutcome = Outcome<RegionDecisionName, RegionDecision>;
export type RegionDecided = Decision<RegionDecisionName, RegionDecision>;

/** What operators set for one control region, as decided. */
export interface RegionState {
  readonly control_region: string;
  readonly version: number;
  readonly settings: Settings;
  /** Highest handled offset of each input partition, by `<topic>/<partition>`. */
  readonly handled: Readonly<Record<string, number>>;
}
