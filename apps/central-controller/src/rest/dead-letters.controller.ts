import { Controller, Get, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { DEAD_LETTER_REASONS } from '#libs/contracts';
import { allows, By, type Principal } from '../http/auth/principal.ts';
import { QueryPipe } from '../http/validation.ts';
import { ApiProblems } from './api-problems.ts';
import { defined } from './connections.controller.ts';
import { DEAD_LETTER_LIMITS, type DeadLetter, ListDeadLetters } from './dead-letters.ts';
import { integer, time } from './views.ts';

const TOPIC = /^[A-Za-z0-9_-]{1,64}\.[a-z.-]{1,64}$/;

export class DeadLettersQuery {
  @ApiPropertyOptional({
    pattern: TOPIC.source,
    description: 'A topic, or its dead-letter topic; absent: those of every region',
    example: 'east.connection-status',
  })
  @IsOptional()
  @Matches(TOPIC)
  topic?: string;

  @ApiPropertyOptional({
    ...integer,
    minimum: 1,
    maximum: DEAD_LETTER_LIMITS.page,
    default: DEAD_LETTER_LIMITS.defaultPage,
  })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(DEAD_LETTER_LIMITS.page)
  limit?: number;

  @ApiPropertyOptional({ description: '`next_cursor` of the page before, of the same list and topic' })
  @IsOptional()
  @IsString()
  @MaxLength(DEAD_LETTER_LIMITS.cursor)
  cursor?: string;
}

class Origin {
  @ApiProperty() topic!: string;
  @ApiProperty(integer) partition!: number;
  @ApiProperty(integer) offset!: number;
}

export class DeadLetterView implements DeadLetter {
  @ApiProperty() topic!: string;
  @ApiProperty(integer) partition!: number;
  @ApiProperty(integer) offset!: number;
  @ApiProperty({ ...time, description: 'When it was put aside' }) time!: string;
  @ApiProperty({ enum: DEAD_LETTER_REASONS }) reason!: string;
  @ApiProperty({ type: Origin, description: 'Where it stood' }) origin!: Origin;
  @ApiPropertyOptional({ description: `Its first ${DEAD_LETTER_LIMITS.keyLength} characters` }) key?: string;
  @ApiPropertyOptional({ description: '`ce_type`, if it has one' }) type?: string;
  @ApiProperty({ ...integer, description: 'Of its value, as it was' }) size_bytes!: number;
  @ApiPropertyOptional({
    description: `The first ${DEAD_LETTER_LIMITS.previewBytes} bytes of its value, as text; shown to operators only`,
  })
  value_preview?: string;
}

export class DeadLetterPage {
  @ApiProperty({ type: [DeadLetterView] }) items!: DeadLetterView[];
  @ApiPropertyOptional({ description: 'Absent on the last page' }) next_cursor?: string;
}

@ApiTags('dead letters')
@Controller('api/v1/dead-letters')
export class DeadLettersController {
  constructor(private readonly queries: QueryBus) {}

  @Get()
  @ApiOperation({
    summary: 'Records that nobody could take, the newest first, and why',
    description:
      'They are kept 14 days. A cursor goes on with what was there when the first page was asked for.',
  })
  @ApiOkResponse({ type: DeadLetterPage })
  @ApiProblems('invalid-parameter', 'invalid-cursor', 'log-unavailable')
  list(
    @Query(QueryPipe) { topic, limit, cursor }: DeadLettersQuery,
    @By() by: Principal,
  ): Promise<DeadLetterPage> {
    const page = defined({ limit, cursor });
    return this.queries.execute(
      new ListDeadLetters(page, topic, allows(by, 'operator')),
    ) as Promise<DeadLetterPage>;
  }
}
