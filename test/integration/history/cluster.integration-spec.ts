import { useRegistryCluster } from '../../support/registry.ts';
import { historyBehaviours } from './behaviours.ts';

describe('histories in a Redis Cluster', () => {
  historyBehaviours(useRegistryCluster());
});
