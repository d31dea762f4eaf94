export { causeOf, causeOfReturn } from './cause.ts';
export {
  blasted,
  type Damped,
  damped,
  type Flapping,
  flappingUntilMs,
  rememberedMoves,
} from './counts.ts';
export { type PolicyInForce, policyOf } from './policy.ts';
export {
  type Approval,
  changeOf,
  EMPTY_SETTINGS,
  type Freeze,
  frozenUntilMs,
  isApproved,
  isSettingFact,
  type Policy,
  type SettingChange,
  type SettingFact,
  type SettingOrder,
  type Settings,
  withSetting,
} from './settings.ts';
