export { type PolicyInForce, policyOf } from './policy.ts';
export {
  type Approval,
  EMPTY_SETTINGS,
  type Freeze,
  frozenUntilMs,
  isApproved,
  isSettingFact,
  type Policy,
  type SettingFact,
  type SettingOrder,
  type Settings,
  withSetting,
} from './settings.ts';
