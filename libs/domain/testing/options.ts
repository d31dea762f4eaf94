import type { FleetAgent } from '../src/index.ts';

export interface ServerOptions {
  readonly incarnation?: string;
  readonly capacity?: number;
  readonly carried?: number;
  readonly location?: string;
  readonly health?: number;
  readonly draining?: boolean;
  readonly suspect?: boolean;
  readonly wellSinceMs?: number;
  readonly leaseMs?: number | undefined;
  readonly group?: string;
  readonly restartsMs?: readonly number[];
  readonly linkGroups?: FleetAgent['linkGroups'];
}

export type ClientOptions = Pick<
  ServerOptions,
  'incarnation' | 'location' | 'draining' | 'suspect' | 'wellSinceMs' | 'leaseMs'
>;
