export { decide, evolve } from './region.ts';
export type { RegionDecided, RegionOutcome, RegionState } from './state.ts';
