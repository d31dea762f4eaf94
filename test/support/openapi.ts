import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

export interface Content {
  readonly schema: object;
  readonly example?: unknown;
}
export interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly parameters?: {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema: object;
    readonly example?: unknown;
  }[];
  readonly requestBody?: { readonly content: Record<string, Content> };
  readonly responses: Record<string, { description: string; content?: Record<string, Content> }>;
  readonly security: object[];
  readonly 'x-role'?: string;
}
export interface Call extends Operation {
  readonly path: string;
  readonly method: 'get' | 'post' | 'put';
}

/** Answers that do not end by themselves. */
export const STREAM = 'text/event-stream';

/** An OpenAPI document as tests look at it. */
export class Description {
  readonly calls: readonly Call[];
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true });

  constructor(document: { paths: Record<string, Record<string, Operation>>; components: object }) {
    this.calls = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        ...operation,
        path,
        method: method as Call['method'],
      })),
    );
    (addFormats as unknown as (ajv: Ajv2020) => void)(this.ajv);
    this.ajv.addSchema({ $id: 'doc', components: document.components });
  }

  /** All but what every process answers: probes, metrics. */
  get api(): readonly Call[] {
    return this.calls.filter(({ path }) => path.startsWith('/api/v1/'));
  }

  errorsOf({ schema }: Content, value: unknown): unknown {
    const text = JSON.stringify(schema).replaceAll('"#/components', '"doc#/components');
    const validate = this.ajv.compile(JSON.parse(text));
    return validate(value) ? [] : validate.errors;
  }

  /** What is wrong with an answer, by what the document says of its status and media type; empty: nothing. */
  contradictions(call: Call, answer: { status: number; type: string; body: unknown }): unknown[] {
    const { status, type, body } = answer;
    const said = call.responses[String(status)];
    if (!said) return [`${call.operationId} may not answer ${status}`];
    const content = said.content?.[type];
    if (!content) return [`${call.operationId} may not answer ${status} as ${type}`];
    const errors = this.errorsOf(content, body);
    return Array.isArray(errors) && errors.length === 0 ? [] : [call.operationId, errors];
  }
}

/** The answer that is hoped for. */
export function success({ responses }: Call): [status: number, content: Record<string, Content>] {
  const [status, answer] = Object.entries(responses).find(([each]) => each.startsWith('2')) ?? [];
  return [Number(status), answer?.content ?? {}];
}

export interface ExampleRequest {
  readonly url: string;
  readonly type?: string;
  readonly body?: unknown;
}

/** The calls that the examples of a call make. */
export function exampleRequests({ path, parameters = [], requestBody }: Call): ExampleRequest[] {
  const given = new Map(parameters.map(({ name, example }) => [name, example]));
  const filled = path.replaceAll(/\{(\w+)\}/g, (_all, name) => encodeURIComponent(String(given.get(name))));
  const query = new URLSearchParams(
    parameters
      .filter((each) => each.in === 'query' && each.example !== undefined)
      .map(({ name, example }): [string, string] => [name, String(example)]),
  );
  const url = query.size > 0 ? `${filled}?${query}` : filled;
  if (!requestBody) return [{ url }];
  return Object.entries(requestBody.content)
    .filter(([, { example }]) => example !== undefined)
    .map(([type, { example }]) => ({ url, type, body: example }));
}
