import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CACHE } from '../../deploy/local/paths.mjs';

const run = promisify(execFile);
const VERSION = '4.32.5';
const INSTALL_MS = 300_000;
const OUTPUT_BYTES = 16 * 1024 * 1024;

/** What schemathesis found: its exit code, and all that it said. */
export interface FuzzReport {
  readonly code: number;
  readonly text: string;
}

/**
 * Schemathesis, a fuzzer of other people's making that reads OpenAPI, in a virtual environment of the cache. Needs
 * python3 with venv on the machine, and pip's index the first time.
 */
export async function schemathesis(args: readonly string[], timeoutMs: number): Promise<FuzzReport> {
  const program = await installed();
  try {
    const { stdout, stderr } = await run(program, [...args], {
      timeout: timeoutMs,
      maxBuffer: OUTPUT_BYTES,
      env: { ...process.env, NO_COLOR: '1', COLUMNS: '160' },
      cwd: CACHE,
    });
    return { code: 0, text: stdout + stderr };
  } catch (error) {
    const {
      code,
      killed,
      stdout = '',
      stderr = '',
    } = error as Partial<Record<'stdout' | 'stderr', string> & { code: number | string; killed: boolean }>;
    if (killed || typeof code !== 'number') throw error;
    return { code, text: stdout + stderr };
  }
}

async function installed(): Promise<string> {
  const home = join(CACHE, `schemathesis-${VERSION}`);
  const program = join(home, 'bin', 'schemathesis');
  if (existsSync(join(home, 'whole'))) return program;
  rmSync(home, { recursive: true, force: true });
  mkdirSync(CACHE, { recursive: true });
  await run('python3', ['-m', 'venv', home], { timeout: INSTALL_MS });
  const pip = ['install', '--quiet', '--disable-pip-version-check', `schemathesis==${VERSION}`];
  await run(join(home, 'bin', 'pip'), pip, { timeout: INSTALL_MS, maxBuffer: OUTPUT_BYTES });
  // Whoever was killed before this begins anew.
  mkdirSync(join(home, 'whole.new'));
  renameSync(join(home, 'whole.new'), join(home, 'whole'));
  return program;
}
