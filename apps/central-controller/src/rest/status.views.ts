import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ROLES, type Role } from '../http/auth/principal.ts';
import { PARTS } from '../part-names.ts';
import { integer, time } from './views.ts';

export class PartStatus {
  @ApiProperty({ enum: PARTS }) part!: string;
  @ApiProperty() ready!: boolean;
  @ApiProperty({
    type: 'object',
    additionalProperties: { anyOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }] },
    description: 'What the part says of itself',
  })
  details!: Record<string, string | number | boolean>;
}

export class TopicLag {
  @ApiProperty() topic!: string;
  @ApiProperty({ ...integer, description: 'That this process reads' }) partitions!: number;
  @ApiProperty({ ...integer, description: 'Records behind, of all of them' }) records!: number;
  @ApiProperty({ ...integer, description: 'Records behind, of the partition that is furthest behind' })
  worst!: number;
}

export class RebuildStatus {
  @ApiProperty({ ...integer, description: 'Topic partitions that are not whole' }) partitions!: number;
  @ApiProperty({ ...integer, description: 'Of how many' }) of!: number;
  @ApiProperty({ ...integer, description: 'Records applied so far' }) done!: number;
  @ApiProperty({ ...integer, description: 'Records to apply' }) total!: number;
}

export class RegistryStatus {
  @ApiProperty({ enum: ['whole', 'rebuilding', 'unavailable'] }) state!: string;
  @ApiPropertyOptional({ type: RebuildStatus }) progress?: RebuildStatus;
}

export class CertificateStatus {
  @ApiProperty({ enum: ['own', 'authority'] }) what!: string;
  @ApiProperty({ description: 'The identity that it names, or its subject' }) name!: string;
  @ApiProperty(time) not_before!: string;
  @ApiProperty(time) not_after!: string;
}

export class TokenKeysStatus {
  @ApiProperty({ description: 'Whose tokens are taken' }) issuer!: string;
  @ApiProperty({
    enum: ['read', 'stale', 'unread'],
    description: '`stale`: they could not be read again; `unread`: not yet needed, or they cannot be read',
  })
  state!: string;
  @ApiPropertyOptional({ ...integer, description: 'Milliseconds since they were read' }) age_ms?: number;
}

export class AccessStatus {
  @ApiProperty({ description: 'Reads need no token' }) reads_open!: boolean;
  @ApiProperty({ description: 'One token allows everything, whoever holds it' }) shared_token!: boolean;
  @ApiPropertyOptional({ type: TokenKeysStatus }) keys?: TokenKeysStatus;
}

export class AskedByStatus {
  @ApiProperty({ description: '`anybody`: no token, or, where reads are open, none that is good' })
  subject!: string;
  @ApiProperty({ enum: ROLES, isArray: true }) roles!: Role[];
  @ApiProperty({ description: 'false: the shared token, or nobody known' }) named!: boolean;
}

export class Status {
  @ApiProperty({ ...time, description: 'By the clock of this process' }) now!: string;
  @ApiProperty(time) started_at!: string;
  @ApiProperty() region!: string;
  @ApiProperty({ type: [String], description: 'Whose topics it reads' }) regions!: string[];
  @ApiProperty() software_version!: string;
  @ApiProperty() node_version!: string;
  @ApiProperty({ type: [PartStatus] }) parts!: PartStatus[];
  @ApiProperty({ type: [TopicLag] }) lag!: TopicLag[];
  @ApiProperty({ type: RegistryStatus }) registry!: RegistryStatus;
  @ApiProperty({ type: [CertificateStatus] }) certificates!: CertificateStatus[];
  @ApiProperty({ type: AccessStatus }) access!: AccessStatus;
  @ApiProperty({ type: AskedByStatus, description: 'Who asks, and what for they are trusted' })
  asked_by!: AskedByStatus;
}
