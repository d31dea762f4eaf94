import type { OpenAPIObject } from '@nestjs/swagger';
import type { ProblemCode } from '#libs/contracts';
import { ROLE_EXTENSION } from '../../http/auth/needs.ts';
import { byStatus, type DeclaredProblems, PROBLEMS_EXTENSION } from '../api-problems.ts';
import { exampleOf, type Route } from './examples.ts';

interface Answer {
  description: string;
  headers?: Record<string, object>;
  content?: Record<string, { schema?: { $ref?: string }; example?: unknown }>;
}
interface Operation {
  parameters?: { name: string; in: string; example?: unknown }[];
  requestBody?: { content: Record<string, { example?: unknown }> };
  responses: Record<string, Answer>;
  security?: object[];
  [ROLE_EXTENSION]?: string;
  [PROBLEMS_EXTENSION]?: DeclaredProblems;
}

/** What any call may be answered with, whatever it is for. */
const ANY: readonly ProblemCode[] = [
  'invalid-parameter',
  'missing-token',
  'invalid-token',
  'expired-token',
  'forbidden',
  'headers-too-large',
  'keys-unavailable',
  'internal-error',
];
/** And any that takes a body. */
const ANY_WITH_BODY: readonly ProblemCode[] = ['invalid-body', 'body-too-large', 'unsupported-media-type'];

/** Headers of answers, by their status. */
const HEADERS: Readonly<Record<string, Record<string, object>>> = {
  '401': { 'WWW-Authenticate': text('What is wrong with the token (RFC 6750)') },
  '429': { 'Retry-After': text('Seconds until it may be asked again') },
  '503': { 'Retry-After': text('Seconds until it may be asked again') },
};

const READS = ['get', 'head'];

/** Adds what holds for every call: who may, how it may fail, and examples. Probes are left as they are. */
export function complete(document: OpenAPIObject, readsAreOpen: boolean): OpenAPIObject {
  const paths = document.paths as unknown as Record<string, Record<string, Operation>>;
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      if (path.startsWith('/health/')) {
        operation.security = [];
        continue;
      }
      const isRead = READS.includes(method);
      operation[ROLE_EXTENSION] ??= isRead ? 'viewer' : 'operator';
      // An empty requirement: the call may be made without.
      operation.security = isRead && readsAreOpen ? [{}, { bearer: [] }] : [{ bearer: [] }];
      const { [PROBLEMS_EXTENSION]: own, requestBody, responses } = operation;
      delete operation[PROBLEMS_EXTENSION];
      addProblems(responses, [...(own?.codes ?? []), ...ANY, ...(requestBody ? ANY_WITH_BODY : [])]);
      addExamples(operation, { path, method });
    }
  }
  return document;
}

function addProblems(responses: Operation['responses'], codes: readonly ProblemCode[]): void {
  for (const [status, names] of byStatus(codes)) {
    responses[status] = {
      description: names.join(', '),
      content: {
        'application/problem+json': { schema: { $ref: '#/components/schemas/ProblemDetails' } },
      },
    };
  }
  for (const [status, headers] of Object.entries(HEADERS)) {
    if (responses[status]) responses[status].headers = headers;
  }
}

function addExamples(operation: Operation, route: Route): void {
  const { parameters, body, answers } = exampleOf(route);
  for (const parameter of operation.parameters ?? []) {
    const example = parameters[parameter.name];
    if (example !== undefined && parameter.in !== 'header') parameter.example = example;
  }
  for (const [type, content] of Object.entries(operation.requestBody?.content ?? {})) {
    const example = body?.[type];
    if (example !== undefined) content.example = example;
  }
  for (const { content = {} } of Object.values(operation.responses)) {
    for (const each of Object.values(content)) {
      const name = /^#\/components\/schemas\/(\w+)$/.exec(each.schema?.$ref ?? '')?.[1];
      const example = name === undefined ? undefined : answers[name];
      if (example !== undefined) each.example = example;
    }
  }
}

function text(description: string) {
  return { description, schema: { type: 'string' } };
}
