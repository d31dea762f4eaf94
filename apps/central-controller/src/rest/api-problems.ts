import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { ERROR_CODES, type ProblemCode } from '#libs/contracts';
import { ProblemDetails } from './views.ts';

const PROBLEMS = Symbol('problems');

/**
 * Says in the OpenAPI document with which problems a call may be answered, one response a status. Given more than
 * once they add up; what holds for every call is added when the document is made.
 */
export function ApiProblems(...codes: ProblemCode[]): MethodDecorator {
  return (target, key, descriptor) => {
    const handler = descriptor.value as object;
    const known = (Reflect.getMetadata(PROBLEMS, handler) ?? []) as ProblemCode[];
    const all = [...new Set([...known, ...codes])];
    Reflect.defineMetadata(PROBLEMS, all, handler);
    const responses = [...byStatus(all)].map(([status, names]) =>
      ApiResponse(problemResponse(status, names)),
    );
    applyDecorators(ApiExtraModels(ProblemDetails), ...responses)(target, key as string, descriptor);
  };
}

export function byStatus(codes: readonly ProblemCode[]): Map<number, ProblemCode[]> {
  const statuses = new Map<number, ProblemCode[]>();
  for (const code of codes) {
    const { status } = ERROR_CODES[code];
    statuses.set(status, [...(statuses.get(status) ?? []), code]);
  }
  return statuses;
}

function problemResponse(status: number, codes: readonly ProblemCode[]) {
  return {
    status,
    description: codes.join(', '),
    content: { 'application/problem+json': { schema: { $ref: getSchemaPath(ProblemDetails) } } },
  };
}
