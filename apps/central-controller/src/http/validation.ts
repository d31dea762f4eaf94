import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { type ClassConstructor, plainToInstance } from 'class-transformer';
import { ValidateIf, type ValidationError, validateSync } from 'class-validator';
import { CONNECTION_ID_PATTERN, NAME_PATTERN, type ProblemCode } from '#libs/contracts';
import { Problem } from './problem.ts';

/** The member may be absent; null is no way to say so. */
export const Optional = (): PropertyDecorator => ValidateIf((_object, value) => value !== undefined);

/** @throws Problem naming every member that is not as the class says, unknown ones included. */
export function validated<T extends object>(
  schema: ClassConstructor<T>,
  plain: object,
  code: ProblemCode,
): T {
  const foreign = unlooked(plain);
  if (foreign.length > 0) throw wrongMembers(code, foreign);
  const instance = plainToInstance(schema, plain);
  const errors = validateSync(instance, {
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
  });
  if (errors.length === 0) return instance;
  throw wrongMembers(
    code,
    errors.flatMap((error) => described(error)),
  );
}

interface Wrong {
  readonly name: string;
  readonly problem: string;
}

function wrongMembers(code: ProblemCode, wrong: readonly Wrong[]): Problem {
  const detail = [...new Set(wrong.map(({ name }) => name))].join(', ');
  return new Problem(code, { detail, more: { errors: wrong } });
}

/** Members of members are looked into so far; no DTO has more, and what walks them deeper needs a stack as deep. */
const DEPTH = 4;

/** What the validator takes for known, because every object has it (`constructor`, `__proto__`), and what is too deep for it. */
function unlooked(value: unknown, depth = 0, above = ''): Wrong[] {
  if (typeof value !== 'object' || value === null) return [];
  if (depth === DEPTH) return [{ name: above, problem: `${above} is nested too deeply` }];
  return Object.entries(value).flatMap(([member, inner]) => {
    const name = above === '' ? member : `${above}.${member}`;
    if (member in Object.prototype) return [{ name, problem: `property ${member} should not exist` }];
    return unlooked(inner, depth + 1, name);
  });
}

/** A member of a member is named with its path. */
function described(error: ValidationError, above = ''): Wrong[] {
  const name = `${above}${error.property}`;
  const inner = (error.children ?? []).flatMap((child) => described(child, `${name}.`));
  if (inner.length > 0) return inner;
  return Object.values(error.constraints ?? { invalid: 'is not valid' }).map((problem) => ({
    name,
    problem,
  }));
}

/** Query parameters as a DTO; each may be given once. */
@Injectable()
export class QueryPipe implements PipeTransform {
  transform(value: object, { metatype }: ArgumentMetadata): object {
    return validated(metatype as ClassConstructor<object>, { ...value }, 'invalid-parameter');
  }
}

/** A path parameter; Express has decoded `%3A` by then. */
class PatternPipe implements PipeTransform<string, string> {
  constructor(
    private readonly what: string,
    private readonly pattern: RegExp,
  ) {}

  transform(value: string): string {
    if (this.pattern.test(value)) return value;
    throw new Problem('invalid-parameter', { detail: `${this.what} must match ${this.pattern.source}` });
  }
}

export const connectionIdPipe = new PatternPipe('connection_id', CONNECTION_ID_PATTERN);
export const agentIdPipe = new PatternPipe('agent_id', NAME_PATTERN);
export const policyNamePipe = new PatternPipe('name', NAME_PATTERN);
export const failoverIdPipe = new PatternPipe('failover_id', /^[A-Za-z0-9._:-]{1,128}~\d{1,16}$/);
