import type { PathOptions } from '#libs/relay';
import type { SidecarConfig } from '../config.ts';
import type { Framing } from './framing.ts';
import type { HoldLimits } from './hold-queue.ts';

/** What both roles are told about the messages that they carry. */
export interface TrafficSettings {
  readonly framing: Framing;
  readonly hold: HoldLimits;
  readonly responseTimeoutMs: number;
  readonly path: PathOptions;
}

function framingOf(config: Readonly<SidecarConfig>): Framing {
  return {
    length: config.framingLength,
    inclusive: config.framingInclusive,
    skip: config.framingSkip,
    mti: config.framingMti,
    empty: config.framingEmpty,
    maxBytes: config.framingMaxBytes,
  };
}

export function trafficSettings(config: Readonly<SidecarConfig>, nowMs: () => number): TrafficSettings {
  return {
    framing: framingOf(config),
    hold: { holdMs: config.holdMs, holdMessages: config.holdMessages },
    responseTimeoutMs: config.responseTimeoutMs,
    path: {
      keepaliveIntervalMs: config.keepaliveIntervalMs,
      keepaliveMisses: config.keepaliveMisses,
      nowMs,
    },
  };
}
