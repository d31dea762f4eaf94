import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsObject, Matches, Max, Min, ValidateNested } from 'class-validator';
import { NAME_PATTERN, POLICY_DEFAULTS, PolicySettings } from '#libs/contracts';
import type { FreezeView, PolicyView } from '#libs/registry';
import { Optional } from '../http/validation.ts';
import { IsMoment } from './at.ts';
import { IsReason, REASON } from './dto.ts';
import { schemaOf } from './schema-of.ts';
import { integer, time } from './views.ts';

const policySettings = schemaOf(PolicySettings, { ...POLICY_DEFAULTS });

export class PolicyBody {
  @ApiProperty({ ...policySettings, description: 'All of it, set anew: what is absent is as its default' })
  @IsObject()
  @ValidateNested()
  @Type(() => PolicySettings)
  settings!: PolicySettings;

  @ApiPropertyOptional({
    pattern: NAME_PATTERN.source,
    description: 'Links of this group that name no policy of their own go by it',
  })
  @Optional()
  @Matches(NAME_PATTERN)
  server_group?: string;

  @ApiPropertyOptional(REASON)
  @Optional()
  @IsReason()
  reason?: string;

  @ApiPropertyOptional({
    ...integer,
    description: 'Only if the policy still has this version; 0: only if there is none',
  })
  @Optional()
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER - 1)
  version?: number;
}

export class FreezeBody {
  @ApiProperty({ ...time, description: 'A time that has passed ends the freeze' })
  @IsMoment()
  until!: string;

  @ApiProperty(REASON)
  @IsReason()
  reason!: string;
}

export class ApproveBody {
  @ApiProperty(REASON)
  @IsReason()
  reason!: string;

  @ApiPropertyOptional({
    ...time,
    description:
      'Links that fail for the same cause up to then are not held back; five minutes from now unless told',
  })
  @Optional()
  @IsMoment()
  until?: string;
}

export class Policy implements PolicyView {
  @ApiProperty() name!: string;
  @ApiProperty() control_region!: string;
  @ApiProperty({ ...integer, description: 'What decisions cite as `policy_version`' }) version!: number;
  @ApiPropertyOptional() server_group?: string;
  @ApiProperty(policySettings) settings!: PolicySettings;
  @ApiProperty() requested_by!: string;
  @ApiPropertyOptional() reason?: string;
  @ApiProperty(time) updated_at!: string;
}

export class PolicyList {
  @ApiProperty({ type: [Policy] }) items!: Policy[];
}

export class RegionFreeze implements Partial<FreezeView> {
  @ApiProperty() control_region!: string;
  @ApiProperty({ description: 'Whether it holds now' }) frozen!: boolean;
  @ApiPropertyOptional({ ...time, description: 'Of the freeze asked for last' }) until?: string;
  @ApiPropertyOptional() requested_by?: string;
  @ApiPropertyOptional() reason?: string;
  @ApiPropertyOptional(time) updated_at?: string;
}

export class Freeze extends RegionFreeze {
  @ApiProperty({
    type: [RegionFreeze],
    description: 'Of each control region, this one too: that of its home region holds a connection',
  })
  regions!: RegionFreeze[];
}

export class PolicyAccepted {
  @ApiProperty({ description: '`ce_id` of the fact' }) event_id!: string;
  @ApiProperty({ ...integer, description: 'The version that the policy gets' }) version!: number;
}
