import { jest } from '@jest/globals';
import { byLength } from '../../support/length.ts';
import { type FuzzReport, schemathesis } from '../../support/schemathesis.ts';
import { seedExamples } from './seed.ts';
import { RestWorld, TOKEN } from './world.ts';

const FUZZ_MS = 1_500_000;
jest.setTimeout(FUZZ_MS + 600_000);

/** What must hold of every answer; by schemathesis' own names. */
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'unsupported_method',
  'negative_data_rejection',
];

describe('an outside fuzzer on the OpenAPI document', () => {
  let world: RestWorld;

  beforeAll(async () => {
    world = new RestWorld();
    await world.start(['projector', 'rest']);
    await seedExamples(world);
  });
  afterAll(() => world.end());

  const fuzz = (...more: string[]): Promise<FuzzReport> =>
    schemathesis(
      [
        'run',
        `${world.url}/openapi.json`,
        `--checks=${CHECKS.join(',')}`,
        '--seed=1',
        `--max-examples=${byLength(20, 100)}`,
        '--phases=examples,coverage,fuzzing',
        '--continue-on-failure',
        '--suppress-health-check=all',
        '--request-timeout=20',
        // It does not end by itself; live.integration-spec.ts reads it.
        '--exclude-operation-id=live.stream',
        ...more,
      ],
      FUZZ_MS,
    );

  it('finds no 5xx and no undocumented answer', async () => {
    const { code, text } = await fuzz(`--header=Authorization: Bearer ${TOKEN}`);
    expect(text).toMatch(/No issues found|passed/);
    expect({ code, text: code === 0 ? '' : text }).toEqual({ code: 0, text: '' });
  });

  it('finds none without a token', async () => {
    const { code, text } = await fuzz('--exclude-checks=negative_data_rejection');
    expect({ code, text: code === 0 ? '' : text }).toEqual({ code: 0, text: '' });
  });
});
