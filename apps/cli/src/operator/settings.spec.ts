import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OperatorRig } from '../../testing/operator.ts';

const AGENT = { agent_id: 'scheme-server-2', status: 'alive', draining: false };

describe('settings', () => {
  const rig = new OperatorRig();
  beforeAll(() => rig.start());
  beforeEach(() => {
    rig.begin();
    rig.rest.answer = () => ({ items: [AGENT] });
  });
  afterAll(() => rig.clear());

  it('takes flags before the environment, and that before the file', async () => {
    const authorised = async (...args: string[]) => {
      expect(await rig.trunkline('agents', 'ls', ...args)).toBe(0);
      return rig.rest.asked.at(-1)?.headers.authorization;
    };
    writeFileSync(join(rig.home, 'token'), 'of-the-stack\n');
    expect(await authorised()).toBe('Bearer of-the-stack');
    writeFileSync(
      rig.configFile,
      JSON.stringify({ url: rig.rest.url, token: 'of-the-file', output: 'json' }),
    );
    expect(await authorised()).toBe('Bearer of-the-file');
    expect(JSON.parse(rig.written.stdout.split('\n').slice(2).join('\n'))).toEqual([AGENT]);
    rig.env.TRUNKLINE_TOKEN = 'of-the-environment';
    expect(await authorised()).toBe('Bearer of-the-environment');
    expect(await authorised('--token', 'of-a-flag')).toBe('Bearer of-a-flag');
    delete rig.env.TRUNKLINE_URL;
    expect(await authorised()).toBe('Bearer of-the-environment');
  });

  it('refuses a file of settings that it does not understand', async () => {
    writeFileSync(rig.configFile, JSON.stringify({ urll: 'x' }));
    expect(await rig.trunkline('agents', 'ls')).toBe(2);
    expect(rig.written.stderr).toContain('has a member urll; known are url, token, brokers, regions');
    expect(await rig.trunkline('agents', 'ls', '--config', join(rig.home, 'missing.json'))).toBe(3);
    writeFileSync(rig.configFile, JSON.stringify({ token_file: ['a', 'b'] }));
    expect(await rig.trunkline('agents', 'ls')).toBe(2);
    expect(rig.written.stderr).toContain('has a member token_file that is no text');
  });

  it.each([
    ['nothing', ''],
    ['two lines', 'one\ntwo'],
    ['bytes', Buffer.from([0xff, 0xfe, 0x00, 0x41])],
  ])('refuses a token file that holds %s, before anybody is asked', async (_what, content) => {
    const file = join(rig.home, 'a-token');
    writeFileSync(file, content);
    writeFileSync(rig.configFile, JSON.stringify({ token_file: file }));
    expect(await rig.trunkline('agents', 'ls')).toBe(2);
    expect(rig.written.stderr).toBe(`trunkline: token_file ${file} holds no token: it must be one word\n`);
    expect(rig.rest.asked).toEqual([]);
  });
});
