import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PORTS } from '../../deploy/local/programs.mjs';
import { freeOffset, freshClone, lend, removeClone, runIn } from '../support/clone.ts';

/** What a person has to mend is one clear line with the way to mend it, and an exit code other than 0. */
describe('npm start refuses', () => {
  let clone: string;
  let tools: string;
  let offset: number;

  beforeEach(async () => {
    clone = freshClone();
    tools = mkdtempSync(join(tmpdir(), 'trunkline-path-'));
    symlinkSync(process.execPath, join(tools, 'node'));
    offset = await freeOffset();
  });
  afterEach(async () => {
    await removeClone(clone);
    rmSync(tools, { recursive: true });
  });

  /** A program on the PATH that does what a script says. */
  function fake(name: string, script: string): void {
    writeFileSync(join(tools, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(tools, name), 0o755);
  }

  /** Starts with nothing but `tools` and the shell on the PATH, and gives the one line it ends with. */
  async function refusal(flags: string[] = [], env: Record<string, string> = {}): Promise<string> {
    const run = runIn(clone, [process.execPath, 'deploy/local/start.mjs', ...flags], {
      PATH: `${tools}:/bin`,
      JAVA_HOME: '',
      TRUNKLINE_PORT_OFFSET: String(offset),
      ...env,
    });
    expect(await run.ended(30_000)).toBe(1);
    const lines = run.output().trim().split('\n');
    expect(lines.filter((line) => line.startsWith('trunkline: '))).toHaveLength(1);
    expect(lines.at(-1)).toMatch(/^trunkline: /);
    return lines.at(-1) ?? '';
  }
  const JAVA_17 = `echo 'openjdk version "17.0.1" 2021-10-19' >&2`;

  it('without Java', async () => {
    fake('java', 'exit 127');
    expect(await refusal()).toMatch(/Java is missing: install a JDK 17 or newer .*java -version/);
  });

  it('with a Java that is too old', async () => {
    fake('java', `echo 'java version "1.8.0_392"' >&2`);
    expect(await refusal()).toMatch(/Java 1\.8\.0_392 .*is too old: install a JDK 17 or newer/);
  });

  it('without Maven while its jars are not there', async () => {
    fake('java', JAVA_17);
    fake('mvn', 'exit 127');
    expect(await refusal()).toMatch(/Maven is missing: install Maven 3\.6 or newer/);
  });

  it('with a Maven that is too old', async () => {
    fake('java', JAVA_17);
    fake('mvn', 'echo "Apache Maven 3.3.9 (bb52d85)"');
    expect(await refusal()).toMatch(/Maven 3\.3\.9 is too old: install Maven 3\.6 or newer/);
  });

  it('when Maven cannot fetch', async () => {
    fake('java', JAVA_17);
    fake(
      'mvn',
      'if [ "$1" = -v ]; then echo "Apache Maven 3.9.9"; else echo "[ERROR] no route to host"; exit 1; fi',
    );
    lend(clone, { dependencies: true });
    expect(await refusal()).toMatch(/could not fetch Kafka's jars \(no route to host\): mend the network/);
  });

  it('when npm cannot install', async () => {
    fake('java', JAVA_17);
    fake('npm', 'echo "npm error code ENOTFOUND"; exit 1');
    lend(clone, { jars: true });
    expect(await refusal()).toMatch(/npm ci failed \(npm error code ENOTFOUND\): see that npm reaches/);
  });

  it('when ports are taken, naming all of them and their programs', async () => {
    fake('java', JAVA_17);
    lend(clone, { jars: true });
    const taken = [PORTS['central-controller-east'].http + offset, PORTS['iso-server-3'].control + offset];
    const servers = await Promise.all(taken.map(listen));
    try {
      const line = await refusal();
      expect(line).toMatch(new RegExp(`${taken[0]} \\(central-controller-east\\)`));
      expect(line).toMatch(new RegExp(`${taken[1]} \\(iso-server-3\\).*is taken: .*TRUNKLINE_PORT_OFFSET`));
    } finally {
      for (const server of servers) server.close();
    }
  });

  it('when Kafka does not come up, with what Kafka said', async () => {
    const kafka =
      'case "$*" in *StorageTool*) exit 0;; *) echo "2026 ERROR the log directory is on fire"; exit 1;; esac';
    fake('java', `case "$1" in -version) ${JAVA_17}; exit 0;; esac\n${kafka}`);
    lend(clone, { jars: true, dependencies: true });
    expect(await refusal()).toMatch(
      /Kafka did not come up \(2026 ERROR the log directory is on fire\): see .*kafka\.log, or begin empty with npm start -- --fresh/,
    );
  });

  it('when its folder cannot be written', async () => {
    writeFileSync(join(clone, '.trunkline'), 'a file where the folder should be');
    expect(await refusal()).toMatch(/\.trunkline cannot be written \(E\w+\): give this user write access/);
  });

  it('an option that there is not', async () => {
    expect(await refusal(['--frsh'])).toMatch(/--frsh: no such option; npm start -- --help lists/);
  });

  it('settings that make no sense', async () => {
    expect(await refusal([], { TRUNKLINE_PORT_OFFSET: 'many' })).toMatch(
      /TRUNKLINE_PORT_OFFSET is "many": give/,
    );
    expect(await refusal([], { TRUNKLINE_KAFKA_BROKERS: 'here' })).toMatch(
      /KAFKA_BROKERS is "here": give host:port/,
    );
    expect(await refusal([], { TRUNKLINE_REDIS_URL: 'secret' })).toMatch(
      /TRUNKLINE_REDIS_URL is not a Redis URL/,
    );
  });

  it('servers that are not there', async () => {
    lend(clone, { jars: true, dependencies: true });
    fake('java', JAVA_17);
    const nowhere = `127.0.0.1:${offset + 1}`;
    const env = { TRUNKLINE_KAFKA_BROKERS: nowhere, TRUNKLINE_REDIS_URL: `redis://${nowhere}` };
    expect(await refusal([], env)).toMatch(/no (Kafka|Redis) answers at .*: start it, or unset it/);
  });

  it('npm run up of a name there is not, and while nothing runs', async () => {
    mkdirSync(join(clone, '.trunkline'), { recursive: true });
    const up = async (name: string) => {
      const run = runIn(clone, [process.execPath, 'deploy/local/up.mjs', name]);
      expect(await run.ended(10_000)).toBe(1);
      return run.output();
    };
    expect(await up('nobody')).toMatch(
      /^trunkline: npm run up -- <name>, where <name> is one of kafka, redis,/,
    );
    expect(await up('kafka')).toBe('trunkline: the stack does not run: start it with npm start\n');
  });

  it('npx trunkline before anything is installed', async () => {
    const run = runIn(clone, [process.execPath, 'bin/trunkline.mjs', '--help']);
    expect(await run.ended(10_000)).toBe(3);
    expect(run.output()).toBe(
      'trunkline: its dependencies are not installed: run npm ci in the clone first\n',
    );
  });
});

function listen(port: number): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
