import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { ensureBuild } from '../../../deploy/local/build.mjs';
import { freePort } from '../../support/servers.mjs';
import { startStack } from '../../support/stack.ts';
import { Desk } from './desk.ts';
import { World } from './harness.ts';

interface Ended {
  readonly code: number | null;
  readonly errors: string[];
}

/** Runs a program that is expected to end by itself. */
function run(app: string, env: Record<string, string>): Promise<Ended> {
  const child = spawn(process.execPath, [join(ensureBuild().dir, `apps/${app}/src/main.js`)], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  child.stderr.on('data', (chunk) => {
    text += chunk;
  });
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ code, errors: text.trim().split('\n') }));
  });
}

describe('the process of a sidecar', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });
  afterEach(() => world.clear());

  async function serverEnv(): Promise<Record<string, string>> {
    const pki = await world.pki();
    return {
      TRUNKLINE_ROLE: 'server',
      TRUNKLINE_AGENT_ID: 'server-1',
      TRUNKLINE_REGION: 'west',
      TRUNKLINE_KAFKA_BROKERS: process.env.TRUNKLINE_KAFKA_BROKERS ?? '',
      TRUNKLINE_TLS_CA: join(pki, 'ca.crt'),
      TRUNKLINE_TLS_CERT: join(pki, 'server-1.crt'),
      TRUNKLINE_TLS_KEY: join(pki, 'server-1.key'),
      TRUNKLINE_ADMIN_PORT: String(await freePort()),
      TRUNKLINE_LINK_PORT: String(await freePort()),
      TRUNKLINE_SERVER_GROUP: 'scheme',
      TRUNKLINE_POOL: JSON.stringify([{ host: '127.0.0.1', port: 1, max_connections: 1 }]),
    };
  }

  it('ends at once on a wrong configuration, and names everything that is wrong', async () => {
    const env = await serverEnv();
    const ended = await run('sidecar', {
      ...env,
      TRUNKLINE_LINK_PORT: 'twenty',
      TRUNKLINE_TLS_CA: '/nowhere/ca.crt',
      TRUNKLINE_POOL: '[{"host": "a"}]',
    });
    expect(ended.code).toBe(1);
    expect(ended.errors[0]).toBe('configuration is not valid:');
    expect(
      ended.errors
        .slice(1)
        .map((line) => line.trim().split(':')[0])
        .sort(),
    ).toEqual(['TRUNKLINE_LINK_PORT', 'TRUNKLINE_POOL', 'TRUNKLINE_TLS_CA']);
    const nothing = await run('sidecar', {});
    expect(nothing.errors.join()).toContain('TRUNKLINE_ROLE: not set');
  });

  it('ends at once when its certificate names another agent', async () => {
    const env = await serverEnv();
    const ended = await run('sidecar', { ...env, TRUNKLINE_AGENT_ID: 'server-2' });
    expect(ended.code).toBe(1);
    expect(ended.errors.join()).toMatch(
      /TRUNKLINE_TLS_CERT: .*server-sidecar\/server-1; it must name .*server-2/,
    );
  });

  it('ends at once when its port is taken, and says which', async () => {
    const env = await serverEnv();
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(Number(env.TRUNKLINE_LINK_PORT), '127.0.0.1', resolve));
    world.ends(() => other.close());
    const ended = await run('sidecar', env);
    expect(ended).toEqual({
      code: 1,
      errors: [`port ${env.TRUNKLINE_LINK_PORT} cannot be listened on: EADDRINUSE`],
    });
  });

  it('of a simulator names what is wrong as well', async () => {
    const ended = await run('iso8583-simulator', {
      TRUNKLINE_SIMULATOR_ROLE: 'both',
      TRUNKLINE_SIMULATOR_PAN: '12',
    });
    expect(ended.code).toBe(1);
    expect(ended.errors.join()).toContain('TRUNKLINE_SIMULATOR_ROLE: "both"');
    expect(ended.errors.join()).toContain('TRUNKLINE_SIMULATOR_PAN');
  });

  it('stops carrying at SIGTERM, says so with a last report that drains, and ends', async () => {
    const programs = ['iso-server-1', 'iso-server-1b', 'server-sidecar-1', 'client-sidecar-1'] as const;
    const stack = await startStack({ programs });
    world.ends(() => stack.stop());
    const desk = await Desk.of(stack, (ending) => world.ends(ending));
    await desk.said('connection-request', 'bank-client-1');
    await desk.place('connect', 'bank-client-1', 'scheme-server-1', 1);
    await desk.said('new-connection-established', 'bank-client-1');

    await stack.program('server-sidecar-1').kill('SIGTERM');
    expect(await desk.said('connection-lost', 'scheme-server-1')).toMatchObject({
      epoch: 1,
      reason: 'shutdown',
    });
    await desk.said('health-report', 'scheme-server-1', ({ draining }) => draining === true);
    expect(await desk.said('connection-lost', 'bank-client-1')).toMatchObject({ reason: 'peer-closed' });
    expect(stack.program('server-sidecar-1').log()).toContain('"stopped"');
  });
});
