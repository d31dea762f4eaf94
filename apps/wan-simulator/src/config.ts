import 'reflect-metadata';
import {
  IsIn,
  IsInt,
  Matches,
  Max,
  MaxLength,
  Min,
  registerDecorator,
  type ValidationOptions,
} from 'class-validator';
import { FromEnv } from '#libs/platform';
import { ROUTE_LIMITS, type WanRoute } from './route.ts';

const TARGET = /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/;

/** Everything a WAN simulator is told. */
export class WanConfig {
  @FromEnv('TRUNKLINE_WAN_NAME', 'string', 'its name in logs: the place that the brokers are seen from')
  @Matches(/^[A-Za-z0-9._-]{1,64}$/, { message: 'must be 1 to 64 of A-Z a-z 0-9 . _ -' })
  name!: string;

  @FromEnv('TRUNKLINE_WAN_HOST', 'string', 'where its routes listen')
  @MaxLength(253)
  host = '127.0.0.1';

  @FromEnv(
    'TRUNKLINE_WAN_ROUTES',
    'json',
    '`[{"port", "target": "host:port", "round_trip_ms"}]`: what comes to the port goes to the target, so late',
  )
  @Routes()
  routes!: WanRoute[];

  @FromEnv('TRUNKLINE_WAN_ADMIN_PORT', 'number', 'health and metrics, on loopback')
  @IsInt()
  @Min(0)
  @Max(65_535)
  adminPort!: number;

  @FromEnv('TRUNKLINE_LOG_LEVEL', 'string', 'trace, debug, info, warn, error')
  @IsIn(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
  logLevel = 'info';
}

function Routes(options?: ValidationOptions): PropertyDecorator {
  const message = `must be a list of 1 to ${ROUTE_LIMITS.routes} {port, target: "host:port", round_trip_ms: 0 to ${ROUTE_LIMITS.roundTripMs}}`;
  return (target, property) =>
    registerDecorator({
      name: 'routes',
      target: target.constructor,
      propertyName: String(property),
      options: { message, ...options },
      validator: { validate: isRouteList },
    });
}

function isRouteList(value: unknown): boolean {
  return (
    Array.isArray(value) && value.length > 0 && value.length <= ROUTE_LIMITS.routes && value.every(isRoute)
  );
}

function isRoute(value: unknown): value is WanRoute {
  if (typeof value !== 'object' || value === null) return false;
  const { port, target, round_trip_ms: roundTripMs } = value as Record<string, unknown>;
  if (!isPort(port, 0) || typeof target !== 'string') return false;
  if (!isPort(Number(TARGET.exec(target)?.[2]), 1)) return false;
  return typeof roundTripMs === 'number' && roundTripMs >= 0 && roundTripMs <= ROUTE_LIMITS.roundTripMs;
}

function isPort(value: unknown, from: number): boolean {
  return Number.isInteger(value) && (value as number) >= from && (value as number) <= 65_535;
}
