import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, ValidateBy } from 'class-validator';
import { TIMING } from '#libs/contracts';
import { Problem } from '../http/problem.ts';

/** RFC 3339's `date-time`; whether there is such a day is for msOf to say. */
const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

const HOW =
  'must be RFC 3339 with its zone, e.g. 2026-01-01T00:00:00Z; in a URL the + of a zone is written %2B';

/** A time of RFC 3339 that there is: no 30th of February, no leap second. */
export function IsMoment(): PropertyDecorator {
  return ValidateBy({
    name: 'isMoment',
    validator: { validate: (value) => msOf(value) !== undefined, defaultMessage: () => `$property ${HOW}` },
  });
}

/** The query parameter `at` of what can be asked as of a moment. */
export function AtParameter(): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({
      type: 'string',
      format: 'date-time',
      description:
        'As the controller believed it then, by the times of its decisions. RFC 3339; digits behind the ' +
        'millisecond are cut off; not in the future',
      example: '2026-01-01T00:00:00Z',
    }),
    IsOptional(),
    IsMoment(),
  );
}

export class AtQuery {
  @AtParameter() at?: string;
}

/**
 * A validated `at` in milliseconds since 1970.
 * @throws Problem when it is later than now by any clock: what will be is in no log.
 */
export function momentOf(at: string, nowMs: number): number {
  const ms = msOf(at);
  if (ms !== undefined && ms <= nowMs + TIMING.clockSkewMs) return ms;
  const problem = ms === undefined ? `at ${HOW}` : 'at must not be in the future';
  throw new Problem('invalid-parameter', { detail: problem, more: { errors: [{ name: 'at', problem }] } });
}

/** Undefined: it is no such time, or on no such day. */
function msOf(value: unknown): number | undefined {
  const [, year, month, day] = (typeof value === 'string' && DATE_TIME.exec(value)) || [];
  if (typeof value !== 'string' || year === undefined) return undefined;
  const ms = Date.parse(value);
  const days = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  return Number.isNaN(ms) || Number(day) > days ? undefined : ms;
}
