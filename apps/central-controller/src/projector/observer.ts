import { Counter, Gauge, Histogram, type Logger, type Registry } from '#libs/platform';

export type RebuildCause =
  | 'position-missing'
  | 'position-behind'
  | 'position-beyond-end'
  | 'version-gap'
  | 'sweep';

/** What the projector tells whoever watches it. */
export interface ProjectorObserver {
  /** @param behindMs age of the newest decision once it stood in Redis; absent: what is read is history. */
  applied(topic: string, applied: number, skipped: number, tookMs: number, behindMs?: number): void;
  rebuilding(topic: string, partition: number, cause: RebuildCause, until: number): void;
  swept(rows: number, wrong: number): void;
  /** Truth could not be read; the projector is not ready until it is restarted. */
  failed(what: string): void;
  /** Something failed and is tried again. */
  retrying(what: string, error: unknown): void;
}

/** Bounds of the apply histogram, in seconds. */
const APPLY_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** Bounds of the lag histogram, in seconds. */
const LAG_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function projectorObserver(metrics: Registry, logger: Logger): ProjectorObserver {
  const registers = [metrics];
  const decisions = new Counter({
    name: 'trunkline_projected_decisions_total',
    help: 'Decisions given to the registry, by what became of them',
    labelNames: ['topic', 'result'],
    registers,
  });
  const took = new Histogram({
    name: 'trunkline_projection_duration_seconds',
    help: 'Time to apply one batch of decisions',
    labelNames: ['topic'],
    buckets: APPLY_BUCKETS_S,
    registers,
  });
  const behind = new Histogram({
    name: 'trunkline_registry_lag_seconds',
    help: 'From a decision to its row in the registry; not while a partition is rebuilt',
    labelNames: ['topic'],
    buckets: LAG_BUCKETS_S,
    registers,
  });
  const rebuilds = new Counter({
    name: 'trunkline_registry_rebuilds_total',
    help: 'Partitions given to the registry again from their first record, by cause',
    labelNames: ['topic', 'cause'],
    registers,
  });
  const wrong = new Gauge({
    name: 'trunkline_registry_wrong_rows',
    help: 'Rows that contradicted the log at the last sweep',
    registers,
  });
  return {
    applied: (topic, applied, skipped, tookMs, behindMs) => {
      if (behindMs !== undefined) behind.observe({ topic }, Math.max(0, behindMs) / 1000);
      decisions.inc({ topic, result: 'applied' }, applied);
      decisions.inc({ topic, result: 'skipped' }, skipped);
      took.observe({ topic }, tookMs / 1000);
    },
    rebuilding: (topic, partition, cause, until) => {
      rebuilds.inc({ topic, cause });
      logger.info({ topic, partition, cause, until }, 'rebuilding');
    },
    swept: (rows, count) => {
      wrong.set(count);
      if (count > 0) logger.warn({ rows, wrong: count }, 'rows contradict the log and are built again');
      else logger.debug({ rows }, 'swept');
    },
    failed: (what) => logger.error({ what }, 'the projector can not go on'),
    retrying: (what, error) => logger.warn({ what, err: error }, 'failed, will be tried again'),
  };
}
