import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsBoolean, IsIn, IsInt, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import {
  AGENT_KINDS,
  CONNECTION_ID_PATTERN,
  CONNECTION_STATUSES,
  LIMITS,
  LINK_PHASES,
  NAME_PATTERN,
  SESSION_PHASES,
} from '#libs/contracts';
import { type AgentStatus, CONNECTION_SORTS, type ConnectionSort, REGISTRY_LIMITS } from '#libs/registry';
import { Optional } from '../http/validation.ts';
import { AtParameter, IsMoment } from './at.ts';

export const CONNECTION_KINDS = ['link', 'session'] as const;
export const AGENT_STATUSES = ['alive', 'suspect', 'lost'] as const satisfies AgentStatus[];
export const CONNECTION_PHASES = [...new Set<string>([...LINK_PHASES, ...SESSION_PHASES])];

export class PageQuery {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: REGISTRY_LIMITS.pageSize,
    default: REGISTRY_LIMITS.defaultPageSize,
  })
  @Optional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(REGISTRY_LIMITS.pageSize)
  limit?: number;

  @ApiPropertyOptional({ description: '`next_cursor` of the page before, of the same list and filters' })
  @Optional()
  @IsString()
  cursor?: string;
}

export class ConnectionsQuery extends PageQuery {
  @AtParameter() at?: string;

  @ApiPropertyOptional({ enum: CONNECTION_STATUSES })
  @Optional()
  @IsIn(CONNECTION_STATUSES)
  status?: string;

  @ApiPropertyOptional({ enum: CONNECTION_KINDS })
  @Optional()
  @IsIn(CONNECTION_KINDS)
  kind?: string;

  @ApiPropertyOptional({ pattern: NAME_PATTERN.source })
  @Optional()
  @Matches(NAME_PATTERN)
  client_id?: string;

  @ApiPropertyOptional({ pattern: NAME_PATTERN.source })
  @Optional()
  @Matches(NAME_PATTERN)
  server_id?: string;

  @ApiPropertyOptional({ pattern: NAME_PATTERN.source })
  @Optional()
  @Matches(NAME_PATTERN)
  broker_id?: string;

  @ApiPropertyOptional({ enum: CONNECTION_PHASES })
  @Optional()
  @IsIn(CONNECTION_PHASES)
  phase?: string;

  @ApiPropertyOptional({ pattern: NAME_PATTERN.source })
  @Optional()
  @Matches(NAME_PATTERN)
  home_region?: string;

  @ApiPropertyOptional({
    enum: CONNECTION_SORTS,
    default: 'connection_id',
    description:
      '`-` begins at the end. By `updated_at` a connection that changes meanwhile moves to the newest end. As of a moment (`at`): by id only',
  })
  @Optional()
  @IsIn(CONNECTION_SORTS)
  sort?: ConnectionSort;
}

export class AgentsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: AGENT_KINDS })
  @Optional()
  @IsIn(AGENT_KINDS)
  kind?: string;

  @ApiPropertyOptional({ enum: AGENT_STATUSES })
  @Optional()
  @IsIn(AGENT_STATUSES)
  status?: AgentStatus;

  @ApiPropertyOptional({ pattern: NAME_PATTERN.source })
  @Optional()
  @Matches(NAME_PATTERN)
  control_region?: string;
}

export class FailoversQuery extends PageQuery {
  @ApiPropertyOptional({ pattern: CONNECTION_ID_PATTERN.source })
  @Optional()
  @Matches(CONNECTION_ID_PATTERN)
  connection_id?: string;

  @ApiPropertyOptional({ pattern: NAME_PATTERN.source })
  @Optional()
  @Matches(NAME_PATTERN)
  reason?: string;

  @ApiPropertyOptional({ pattern: NAME_PATTERN.source, description: 'The server that was left' })
  @Optional()
  @Matches(NAME_PATTERN)
  from?: string;

  @ApiPropertyOptional({ pattern: NAME_PATTERN.source, description: 'The server that was chosen' })
  @Optional()
  @Matches(NAME_PATTERN)
  to?: string;

  @ApiPropertyOptional({ type: 'string', format: 'date-time', description: 'Detected then or later' })
  @Optional()
  @IsMoment()
  since?: string;

  @ApiPropertyOptional({ type: 'string', format: 'date-time', description: 'Detected before' })
  @Optional()
  @IsMoment()
  until?: string;
}

/** Why a change is asked for, as the document has it: a text, and not blanks alone. */
export const REASON = { maxLength: LIMITS.reasonLength, pattern: /\S/.source };

export function IsReason(): PropertyDecorator {
  return applyDecorators(Matches(REASON.pattern), MaxLength(REASON.maxLength)) as PropertyDecorator;
}

export class FailoverBody {
  @ApiProperty(REASON)
  @IsReason()
  reason!: string;

  @ApiPropertyOptional({ description: 'Drain first, and only if another server fits', default: false })
  @Optional()
  @IsBoolean()
  planned?: boolean;

  @ApiPropertyOptional({ description: 'Ends a placement that has no lease, without a confirmation' })
  @Optional()
  @IsBoolean()
  force?: boolean;

  @ApiPropertyOptional({ type: 'integer', description: 'Only if the epoch is still this one' })
  @Optional()
  @IsInt()
  @Min(1)
  epoch?: number;
}

export class DrainBody {
  @ApiProperty(REASON)
  @IsReason()
  reason!: string;
}
