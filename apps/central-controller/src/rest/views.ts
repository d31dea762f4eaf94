import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { AGENT_KINDS, CONNECTION_STATUSES, type Suppression } from '#libs/contracts';
import {
  type AgentView,
  type ConnectionView,
  type EventView,
  type FailoverView,
  type HealthPointView,
  REGISTRY_LIMITS,
} from '#libs/registry';
import { CONNECTION_KINDS } from './dto.ts';

/** The registry's views as OpenAPI shows them; `implements` keeps the two the same. */

export const time = { type: 'string', format: 'date-time' } as const;
export const integer = { type: 'integer' } as const;
const score = { type: 'number', minimum: 0, maximum: 100 } as const;

export class Connection implements ConnectionView {
  @ApiProperty() connection_id!: string;
  @ApiProperty({ enum: CONNECTION_KINDS }) kind!: string;
  @ApiProperty({ enum: CONNECTION_STATUSES }) status!: string;
  @ApiProperty() phase!: string;
  @ApiProperty(integer) epoch!: number;
  @ApiProperty({ ...integer, description: 'Of the decision it was folded to' }) version!: number;
  @ApiProperty() home_region!: string;
  @ApiPropertyOptional() client_id?: string;
  @ApiPropertyOptional() server_id?: string;
  @ApiPropertyOptional() broker_id?: string;
  @ApiPropertyOptional() failover_target?: string;
  @ApiPropertyOptional(score) health_score?: number;
  @ApiPropertyOptional(time) last_heartbeat?: string;
  @ApiProperty(time) updated_at!: string;
}

export class ConnectionEvent implements EventView {
  @ApiProperty() event_id!: string;
  @ApiProperty({ description: 'Name of the decision' }) type!: string;
  @ApiProperty(time) time!: string;
  @ApiProperty(integer) partition!: number;
  @ApiProperty(integer) offset!: number;
  @ApiProperty({ type: 'object', additionalProperties: true }) data!: Record<string, unknown>;
}

export class Agent implements AgentView {
  @ApiProperty() agent_id!: string;
  @ApiPropertyOptional({ enum: AGENT_KINDS }) kind?: string;
  @ApiPropertyOptional() control_region?: string;
  @ApiPropertyOptional() location?: string;
  @ApiPropertyOptional() server_group?: string;
  @ApiPropertyOptional() address?: string;
  @ApiPropertyOptional(integer) capacity?: number;
  @ApiPropertyOptional({ ...integer, description: 'How many it carries' }) connections?: number;
  @ApiProperty() draining!: boolean;
  @ApiProperty({ enum: ['alive', 'suspect', 'lost'] }) status!: AgentView['status'];
  @ApiPropertyOptional(score) health_score?: number;
  @ApiPropertyOptional(time) last_heartbeat?: string;
  @ApiPropertyOptional() software_version?: string;
  @ApiPropertyOptional({ description: 'The life that last reported' }) incarnation?: string;
  @ApiPropertyOptional(integer) version?: number;
  @ApiPropertyOptional(time) updated_at?: string;
}

export class Suppressed implements Suppression {
  @ApiProperty({ enum: ['damping', 'agent-flapping', 'blast-radius', 'freeze'] })
  reason!: Suppression['reason'];
  @ApiProperty({ enum: ['failover', 'planned-move', 'failback'] }) what!: Suppression['what'];
  @ApiPropertyOptional({
    ...time,
    description: 'When it is looked at again; absent: when an operator approves',
  })
  until?: string;
  @ApiPropertyOptional({ description: 'What an approval lets go, all links together' }) cause?: string;
  @ApiPropertyOptional({ type: 'object', additionalProperties: { type: 'number' } })
  values?: Record<string, number>;
}

export class Failover implements FailoverView {
  @ApiProperty() failover_id!: string;
  @ApiProperty() connection_id!: string;
  @ApiPropertyOptional({ description: 'The server that was left' }) from?: string;
  @ApiPropertyOptional({ description: 'The server that was chosen' }) to?: string;
  @ApiProperty() reason!: string;
  @ApiProperty(time) detected_at!: string;
  @ApiPropertyOptional(time) decided_at?: string;
  @ApiPropertyOptional(time) commanded_at?: string;
  @ApiPropertyOptional(time) active_at?: string;
  @ApiPropertyOptional({ type: () => Suppressed, description: 'It is called for and held back' })
  suppressed?: Suppressed;
}

const nextCursor = { description: 'Absent on the last page' };

export class ConnectionPage {
  @ApiProperty({ type: [Connection] }) items!: Connection[];
  @ApiPropertyOptional(nextCursor) next_cursor?: string;
}
export class HealthPoint implements HealthPointView {
  @ApiProperty(time) time!: string;
  @ApiProperty(score) health_score!: number;
  @ApiPropertyOptional({ type: 'number', minimum: 0, description: 'Of a keepalive, in milliseconds' })
  round_trip_ms?: number;
}
export class ConnectionHealth {
  @ApiProperty() connection_id!: string;
  @ApiProperty({ type: [HealthPoint], maxItems: REGISTRY_LIMITS.healthPoints }) items!: HealthPoint[];
}
export class ConnectionEventPage {
  @ApiProperty({ type: [ConnectionEvent] }) items!: ConnectionEvent[];
  @ApiPropertyOptional(nextCursor) next_cursor?: string;
}
export class AgentPage {
  @ApiProperty({ type: [Agent] }) items!: Agent[];
  @ApiPropertyOptional(nextCursor) next_cursor?: string;
}
export class FailoverPage {
  @ApiProperty({ type: [Failover] }) items!: Failover[];
  @ApiPropertyOptional(nextCursor) next_cursor?: string;
}

export class Accepted {
  @ApiProperty({ description: '`ce_id` of the fact; what comes of it is decided by who reads it' })
  event_id!: string;
}

export class ProblemDetails {
  @ApiProperty() type!: string;
  @ApiProperty() title!: string;
  @ApiProperty(integer) status!: number;
  @ApiProperty({ description: 'Stable; the texts are not' }) code!: string;
  @ApiProperty() retriable!: boolean;
  @ApiPropertyOptional() detail?: string;
}
