/** The parts of a central controller; `TRUNKLINE_PARTS` chooses the subset that a process runs. */
export const PARTS = ['control-loop', 'failover', 'health-monitor', 'projector', 'rest'] as const;
export type Part = (typeof PARTS)[number];
