import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
} from 'class-validator';
import { CONNECTION_STATUSES, LIMITS, NAME_PATTERN } from '#libs/contracts';
import { REGISTRY_LIMITS } from '#libs/registry';
import { AtParameter } from './at.ts';

export const CONNECTION_KINDS = ['link', 'session'] as const;

export class PageQuery {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: REGISTRY_LIMITS.pageSize,
    default: REGISTRY_LIMITS.defaultPageSize,
  })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(REGISTRY_LIMITS.pageSize)
  limit?: number;

  @ApiPropertyOptional({ description: '`next_cursor` of the page before, of the same list and filters' })
  @IsOptional()
  @IsString()
  cursor?: string;
}

export class ConnectionsQuery extends PageQuery {
  @AtParameter() at?: string;

  @ApiPropertyOptional({ enum: CONNECTION_STATUSES })
  @IsOptional()
  @IsIn(CONNECTION_STATUSES)
  status?: string;

  @ApiPropertyOptional({ enum: CONNECTION_KINDS })
  @IsOptional()
  @IsIn(CONNECTION_KINDS)
  kind?: string;

  @ApiPropertyOptional({ pattern: NAME_PATTERN.source })
  @IsOptional()
  @Matches(NAME_PATTERN)
  client_id?: string;

  @ApiPropertyOptional({ pattern: NAME_PATTERN.source })
  @IsOptional()
  @Matches(NAME_PATTERN)
  server_id?: string;
}

export class FailoverBody {
  @ApiProperty({ minLength: 1, maxLength: LIMITS.reasonLength })
  @IsString()
  @MinLength(1)
  @MaxLength(LIMITS.reasonLength)
  reason!: string;

  @ApiPropertyOptional({ description: 'Drain first, and only if another server fits', default: false })
  @IsOptional()
  @IsBoolean()
  planned?: boolean;

  @ApiPropertyOptional({ description: 'Ends a placement that has no lease, without a confirmation' })
  @IsOptional()
  @IsBoolean()
  force?: boolean;

  @ApiPropertyOptional({ type: 'integer', description: 'Only if the epoch is still this one' })
  @IsOptional()
  @IsInt()
  @Min(1)
  epoch?: number;
}

export class DrainBody {
  @ApiProperty({ minLength: 1, maxLength: LIMITS.reasonLength })
  @IsString()
  @MinLength(1)
  @MaxLength(LIMITS.reasonLength)
  reason!: string;
}
