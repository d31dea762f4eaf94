import type { RouteName } from '../router.ts';

const TITLES: Readonly<Record<RouteName, string>> = {
  overview: 'Overview',
  connections: 'Connections',
  connection: 'Connection',
  failovers: 'Failovers',
  failover: 'Failover',
  agents: 'Agents',
  agent: 'Agent',
  'dead-letters': 'Dead letters',
  health: 'Health',
  policies: 'Policies',
  'not-found': 'Not found',
};

export const titleOf = (name: RouteName): string => TITLES[name];
