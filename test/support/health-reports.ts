import type { ConnectionHealth, HealthReport } from '#libs/contracts';

/** A health report of a client sidecar that carries nothing, changed where a test says so. */
export function healthReport(changes: Partial<HealthReport> = {}): HealthReport {
  return {
    agent_id: 'client-1',
    incarnation: 'life-1',
    kind: 'client-sidecar',
    control_region: 'east',
    location: 'berlin',
    sequence: 1,
    interval_ms: 5_000,
    address: '127.0.0.1:1',
    capacity: 3,
    draining: false,
    software_version: '0.1.0',
    connections: [],
    ...changes,
  };
}

/** A healthy connection as a report tells of it. */
export function carriedHealth(
  connection_id: string,
  changes: Partial<ConnectionHealth> = {},
): ConnectionHealth {
  return { connection_id, epoch: 1, status: 'active', unanswered_ratio: 0, in_flight: 0, ...changes };
}
