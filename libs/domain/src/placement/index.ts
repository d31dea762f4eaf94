export {
  type BrokerChoice,
  type BrokerNeed,
  brokerExclusion,
  chooseBroker,
  type RoundTrips,
} from './brokers.ts';
export { type Choice, choose, isHeard, type Need, scoreOf } from './choose.ts';
export { PLACEMENT } from './constants.ts';
