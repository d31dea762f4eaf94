export { assess, type Condition, type ConditionChange } from './condition.ts';
export { HEALTH, SUSPICION } from './constants.ts';
export { agentScore, connectionScore, type Score, type ScoreTerms } from './score.ts';
export { type Expectation, silentAtMs } from './silence.ts';
export { heard, isSuspect, missedReports, type Regularity, toleranceMs } from './suspicion.ts';
