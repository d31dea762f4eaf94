import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { ERROR_CODES, type ProblemCode } from '#libs/contracts';
import { ProblemDetails } from './views.ts';

/** Says in the OpenAPI document with which problems a call may be answered, one response a status. */
export function ApiProblems(...codes: ProblemCode[]): MethodDecorator & ClassDecorator {
  const statuses = new Map<number, string[]>();
  for (const code of codes) {
    const { status } = ERROR_CODES[code];
    statuses.set(status, [...(statuses.get(status) ?? []), code]);
  }
  return applyDecorators(
    ApiExtraModels(ProblemDetails),
    ...[...statuses].map(([status, names]) =>
      ApiResponse({
        status,
        description: names.join(', '),
        content: { 'application/problem+json': { schema: { $ref: getSchemaPath(ProblemDetails) } } },
      }),
    ),
  );
}
