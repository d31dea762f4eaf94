import { createConfig, lintFromString } from '@redocly/openapi-core';
import { ERROR_CODES } from '#libs/contracts';
import { RegistryRebuilding, RegistryUnavailable } from '#libs/registry';
import {
  type Content,
  Description,
  exampleRequests,
  STREAM,
  success,
} from '../../../../../test/support/openapi.ts';
import { TOKEN, useRestApp } from '../../../../../test/support/rest-app.ts';

/** Calls that read Kafka: test/integration makes their examples. */
const READS_KAFKA = ['explain.explain', 'deadLetters.list'];

describe('the OpenAPI document', () => {
  const rest = useRestApp();
  let text: string;
  let described: Description;

  beforeAll(async () => {
    text = (await rest.http().get('/openapi.json')).text;
    described = new Description(JSON.parse(text));
  });

  it('is of OpenAPI 3.1, and has nothing that the recommended rules warn of', async () => {
    expect(JSON.parse(text).openapi).toMatch(/^3\.1\./);
    const config = await createConfig({ extends: ['recommended'] });
    const warnings = async (source: string) =>
      (await lintFromString({ source, config }))
        .map(({ ruleId, message, location }) => `${ruleId} ${location[0]?.pointer ?? ''}: ${message}`)
        // A probe has nothing to get wrong.
        .filter((shown) => !/^operation-4xx-response #\/paths\/~1health/.test(shown));
    expect(await warnings(text)).toEqual([]);
    const broken = text.replace('"operationId":"connections.list",', '');
    expect(broken).not.toBe(text);
    expect(await warnings(broken)).toHaveLength(1);
  });

  it('names a role, a summary and who may ask for each call', () => {
    expect(described.api.length).toBeGreaterThan(15);
    for (const {
      path,
      summary = '',
      security,
      method,
      responses,
      parameters = [],
      ...call
    } of described.api) {
      const role = path === '/api/v1/events' ? 'publisher' : 'operator';
      expect([path, summary]).toEqual([path, expect.stringMatching(/./)]);
      expect([method, path, call['x-role']]).toEqual([method, path, method === 'get' ? 'viewer' : role]);
      expect(security).toEqual(method === 'get' ? [{}, { bearer: [] }] : [{ bearer: [] }]);
      expect(responses).toMatchObject({
        401: {},
        403: {},
        500: {},
        503: { headers: { 'Retry-After': {} } },
        ...(parameters.some(({ name }) => name === 'Idempotency-Key') && { 409: {}, 422: {} }),
      });
    }
  });

  it('says of each problem only codes that there are, under their status', () => {
    for (const { responses } of described.api) {
      for (const [status, { description, content }] of Object.entries(responses)) {
        if (!content?.['application/problem+json']) continue;
        for (const code of description.split(', ')) {
          const { status: own } = ERROR_CODES[code as keyof typeof ERROR_CODES] ?? {};
          expect([code, own]).toEqual([code, Number(status)]);
        }
      }
    }
  });

  it.each<[string, () => void]>([
    ['Redis is away', () => Object.assign(rest.registry, { failure: new RegistryUnavailable('gone') })],
    [
      'the registry is being rebuilt',
      () =>
        Object.assign(rest.registry, {
          failure: new RegistryRebuilding({ partitions: 1, of: 1, done: 0, total: 1 }),
        }),
    ],
    [
      'no answer can be kept',
      () => Object.assign(rest.answers, { failure: new RegistryUnavailable('gone') }),
    ],
    ['Kafka is away', () => Object.assign(rest, { logFails: true })],
  ])('names each problem that a call is answered with while %s', async (_what, happens) => {
    rest.registry.home = 'east';
    happens();
    let problems = 0;
    for (const call of described.api) {
      if (success(call)[1][STREAM] || READS_KAFKA.includes(call.operationId)) continue;
      for (const { url, type, body } of exampleRequests(call)) {
        const request = rest.http()[call.method](url).set('authorization', `Bearer ${TOKEN}`);
        if (call.method === 'post') request.set('idempotency-key', 'one');
        const answer = await (type ? request.set('content-type', type).send(JSON.stringify(body)) : request);
        if (answer.status < 400) continue;
        problems += 1;
        const { code } = JSON.parse(answer.text);
        const named = call.responses[answer.status]?.description.split(', ');
        expect([call.operationId, code, named]).toEqual([
          call.operationId,
          code,
          expect.arrayContaining([code]),
        ]);
        expect(answer.headers['retry-after']).toMatch(/^\d+$/);
      }
    }
    expect(problems).toBeGreaterThan(3);
  });

  it('says loudly that reads are open, where they are', async () => {
    expect(JSON.parse(text).info.description).toContain('Reads are open on this process');
    await rest.otherwise({ httpHost: '0.0.0.0' }, async () => {
      const { body } = await rest.http().get('/openapi.json').set('authorization', `Bearer ${TOKEN}`);
      expect(body.info.description).not.toContain('open');
      expect(body.paths['/api/v1/agents'].get.security).toEqual([{ bearer: [] }]);
    });
  });

  it('has an example of every answer, and of what each call needs', () => {
    const missing = described.api.flatMap((call) => {
      const { operationId, parameters = [] } = call;
      const without = parameters.filter(({ required, example }) => required && example === undefined);
      const answers = Object.entries(success(call)[1]).filter(
        ([type, { example }]) => type !== STREAM && example === undefined,
      );
      return [
        ...without.map(({ name }) => `${operationId}: ${name}`),
        ...(exampleRequests(call).length === 0 ? [`${operationId}: body`] : []),
        ...answers.map(([type]) => `${operationId}: ${type}`),
      ];
    });
    expect(missing).toEqual([]);
  });

  it('has examples that are as their schemas say', () => {
    const contents = (content: Record<string, Content> = {}) => Object.values(content);
    for (const { parameters = [], requestBody, responses, operationId } of described.api) {
      const all: Content[] = [
        ...parameters,
        ...contents(requestBody?.content),
        ...Object.values(responses).flatMap(({ content }) => contents(content)),
      ];
      for (const each of all.filter(({ example }) => example !== undefined)) {
        expect([operationId, described.errorsOf(each, each.example)]).toEqual([operationId, []]);
      }
    }
  });

  it('has examples of calls that are answered, as the document says', async () => {
    rest.registry.home = 'east';
    for (const call of described.api) {
      const [status, content] = success(call);
      if (content[STREAM] || READS_KAFKA.includes(call.operationId)) continue;
      for (const { url, type, body } of exampleRequests(call)) {
        const request = rest.http()[call.method](url).set('authorization', `Bearer ${TOKEN}`);
        const answer = await (type ? request.set('content-type', type).send(JSON.stringify(body)) : request);
        expect([url, answer.status, answer.body]).toEqual([url, status, answer.body]);
        const told = { status, type: answer.type, body: answer.body };
        expect(described.contradictions(call, told)).toEqual([]);
      }
    }
  });
});
