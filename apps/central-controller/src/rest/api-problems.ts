import { ApiExtension } from '@nestjs/swagger';
import { ERROR_CODES, type ProblemCode } from '#libs/contracts';

/** The member of an operation that holds its problems until the document is complete. */
export const PROBLEMS_EXTENSION = 'x-problems';
export interface DeclaredProblems {
  readonly codes: readonly ProblemCode[];
}

const PROBLEMS = Symbol('problems');

/**
 * Says in the OpenAPI document with which problems a call may be answered, one response a status. Given more than
 * once they add up; what holds for every call is added when the document is made.
 */
export function ApiProblems(...codes: ProblemCode[]): MethodDecorator {
  return (target, key, descriptor) => {
    const handler = descriptor.value as object;
    const known: ProblemCode[] = Reflect.getMetadata(PROBLEMS, handler) ?? [];
    known.push(...codes);
    Reflect.defineMetadata(PROBLEMS, known, handler);
    // The extension is copied, and the first one stays: what is in it is shared.
    const extension: DeclaredProblems = { codes: known };
    ApiExtension(PROBLEMS_EXTENSION, extension)(target, key, descriptor);
  };
}

export function byStatus(codes: readonly ProblemCode[]): Map<number, ProblemCode[]> {
  const statuses = new Map<number, ProblemCode[]>();
  for (const code of new Set(codes)) {
    const { status } = ERROR_CODES[code];
    statuses.set(status, [...(statuses.get(status) ?? []), code]);
  }
  return statuses;
}
