import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { CONNECTION_STATUSES, DECISION_REASONS } from '#libs/contracts';
import { explain } from '#libs/domain';
import { CONNECTION_KINDS } from './dto.ts';
import type { ExplanationView } from './explain.query.ts';
import { integer, Suppressed, time } from './views.ts';

/** libs/domain's explanation as OpenAPI shows it; `implements` keeps the two the same. */

const anything = { type: 'object', additionalProperties: true } as const;

export class ExplainedEvidence implements explain.ExplainedEvidence {
  @ApiProperty({ description: 'Name of the fact; `timeout` and `fleet-changed` are none, and have no place' })
  type!: string;
  @ApiPropertyOptional() topic?: string;
  @ApiPropertyOptional(integer) partition?: number;
  @ApiPropertyOptional(integer) offset?: number;
  @ApiPropertyOptional() event_id?: string;
  @ApiPropertyOptional({ ...time, description: 'Of the fact, or the deadline that passed' }) time?: string;
  @ApiPropertyOptional({ ...anything, description: 'What of it mattered' })
  values?: Record<string, string | number | boolean>;
  @ApiPropertyOptional({ description: 'Who said so; where the log still has the fact' }) agent_id?: string;
  @ApiPropertyOptional({ ...anything, description: 'The fact itself; where the log still has it' })
  data?: Record<string, unknown>;
}

export class ExplainedCandidate {
  @ApiProperty() agent_id!: string;
  @ApiPropertyOptional({ description: 'Sum of the terms; absent when excluded' }) score?: number;
  @ApiPropertyOptional({ type: 'object', additionalProperties: { type: 'number' } })
  terms?: Record<string, number>;
  @ApiPropertyOptional({ description: 'Why it was not eligible' }) excluded?: string;
}

export class ExplainedCommand implements explain.ExplainedCommand {
  @ApiProperty() command_id!: string;
  @ApiProperty() name!: string;
  @ApiProperty() agent_id!: string;
  @ApiPropertyOptional({ enum: explain.COMMAND_OUTCOMES, description: 'Absent: it waits for its answer' })
  outcome?: explain.CommandOutcome;
  @ApiPropertyOptional({ description: "The agent's own word" }) reason?: string;
}

export class ExplainedTimes implements explain.StepTimes {
  @ApiPropertyOptional(time) detected_at?: string;
  @ApiProperty(time) decided_at!: string;
  @ApiPropertyOptional(time) commanded_at?: string;
  @ApiPropertyOptional({ ...time, description: 'The first answer to one of its commands' })
  acknowledged_at?: string;
  @ApiPropertyOptional(time) active_at?: string;
}

export class ExplainedStep implements explain.ExplainedStep {
  @ApiProperty({ ...integer, minimum: 1 }) step!: number;
  @ApiProperty() event_id!: string;
  @ApiProperty({ description: 'Name of the decision' }) type!: string;
  @ApiProperty(time) time!: string;
  @ApiProperty({ ...integer, description: 'Where it stands in `controller-events`' }) partition!: number;
  @ApiProperty(integer) offset!: number;
  @ApiProperty() phase!: string;
  @ApiProperty(integer) epoch!: number;
  @ApiProperty({ enum: DECISION_REASONS }) reason!: string;
  @ApiProperty({ description: 'One sentence: what happened, and what was decided' }) text!: string;
  @ApiProperty({ type: [ExplainedEvidence] }) evidence!: ExplainedEvidence[];
  @ApiProperty({ description: 'Rule set and its version' }) rule!: string;
  @ApiProperty({ ...integer, description: '0: the defaults' }) policy_version!: number;
  @ApiPropertyOptional() policy?: string;
  @ApiPropertyOptional({ description: 'The move that it begins, takes further or ends' })
  failover_id?: string;
  @ApiPropertyOptional({ type: [ExplainedCandidate] }) candidates?: ExplainedCandidate[];
  @ApiPropertyOptional({ type: () => Suppressed }) suppressed?: Suppressed;
  @ApiProperty({ type: [ExplainedCommand] }) commands!: ExplainedCommand[];
  @ApiProperty({ type: ExplainedTimes }) times!: ExplainedTimes;
}

export class FirstCause implements explain.FirstCause {
  @ApiProperty({ description: 'The decision that it led to first' }) event_id!: string;
  @ApiProperty({ enum: DECISION_REASONS }) reason!: string;
  @ApiPropertyOptional({ description: "What was seen more exactly, in the agent's own word" })
  detail?: string;
  @ApiPropertyOptional({ description: 'The agent that failed, or is to be left' }) agent_id?: string;
  @ApiProperty() text!: string;
}

export class WhyNot implements explain.WhyNot {
  @ApiProperty() question!: string;
  @ApiProperty() answer!: string;
  @ApiProperty() reason!: string;
  @ApiPropertyOptional(time) since?: string;
  @ApiPropertyOptional({ ...time, description: 'When it is looked at again; absent: no time ends it' })
  until?: string;
  @ApiPropertyOptional({ description: 'The policy that says so; absent: the defaults' }) policy?: string;
}

export class ConnectionExplanation implements ExplanationView {
  @ApiProperty() connection_id!: string;
  @ApiProperty({ enum: CONNECTION_KINDS }) kind!: 'link' | 'session';
  @ApiProperty({ ...time, description: 'The moment that it is of' }) at!: string;
  @ApiProperty({ enum: CONNECTION_STATUSES }) status!: string;
  @ApiProperty() phase!: string;
  @ApiProperty(integer) epoch!: number;
  @ApiProperty({ ...integer, description: 'Of the newest decision that is explained' }) version!: number;
  @ApiPropertyOptional() client_id?: string;
  @ApiPropertyOptional() server_id?: string;
  @ApiPropertyOptional() broker_id?: string;
  @ApiProperty({ description: 'One sentence: what and why' }) summary!: string;
  @ApiProperty({ type: FirstCause }) first_cause!: FirstCause;
  @ApiProperty({ type: [ExplainedStep], description: 'From the first cause on, the oldest first' })
  causes!: ExplainedStep[];
  @ApiPropertyOptional({ ...integer, description: 'Steps in the middle that are left out' }) omitted?: number;
  @ApiProperty({ description: 'false: what it began with is older than what is kept of it' })
  complete!: boolean;
  @ApiProperty({ type: [WhyNot], description: 'Why what one might expect has not happened' })
  why_not!: WhyNot[];
}
