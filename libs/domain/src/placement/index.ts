export { type Choice, choose, isHeard, type Need, scoreOf } from './choose.ts';
export { PLACEMENT } from './constants.ts';
