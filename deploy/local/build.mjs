import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildConsole } from './console-build.mjs';
import { StackError } from './errors.mjs';
import { ROOT } from './paths.mjs';

/** Builds kept beside the current one, so that programs of an older one still find their files. */
const BUILDS_KEPT = 3;
const SOURCES = [
  ...['apps', 'libs', '.swcrc', 'package-lock.json'],
  ...['deploy/local/build.mjs', 'deploy/local/console-build.mjs'],
];
/** Left out of the programs' build; the console is bundled instead. */
const NOT_COMPILED = '**/*.spec.ts,**/*.md,apps/console/**';
/** Where a build has the page that the central controller serves. */
const CONSOLE = 'apps/console/public';

/**
 * Compiles apps and libs into `dist.<hash of the sources>` and points the link `dist` at it by one rename.
 * A running program lives in the folder that its build had: each holds its own package.json with the
 * `#libs/*` imports, so that not even a late import mixes two builds.
 * @param {string} [root]
 * @returns {{dir: string, built: boolean}} the real folder, and whether anything had to be compiled
 */
export function ensureBuild(root = ROOT) {
  const name = `dist.${hashOf(root)}`;
  const dir = join(root, name);
  const built = !existsSync(dir);
  if (built) compile(root, dir);
  pointAt(root, name);
  prune(root, name);
  return { dir: realpathSync(dir), built };
}

/**
 * The build that `dist` points at, without building.
 * @param {string} [root]
 */
export function currentBuild(root = ROOT) {
  return realpathSync(join(root, 'dist'));
}

/** @param {string} root */
function hashOf(root) {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    for (const file of filesOf(root, source))
      hash
        .update(file)
        .update('\0')
        .update(readFileSync(join(root, file)));
  }
  return hash.digest('hex').slice(0, 16);
}

/**
 * @param {string} root
 * @param {string} path
 * @returns {string[]}
 */
function filesOf(root, path) {
  if (!existsSync(join(root, path))) return [];
  if (!statSync(join(root, path)).isDirectory()) return [path];
  return readdirSync(join(root, path), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.spec.ts') && !entry.name.endsWith('.md'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

/**
 * @param {string} root
 * @param {string} dir
 */
function compile(root, dir) {
  const beside = `${dir}.${process.pid}.next`;
  mkdirSync(beside, { recursive: true });
  const swc = join(root, 'node_modules/@swc/cli/bin/swc.js');
  const args = ['apps', 'libs', '-d', beside, '--copy-files', '--ignore', NOT_COMPILED, '--quiet'];
  const run = spawnSync(process.execPath, [swc, ...args], { cwd: root, encoding: 'utf8' });
  if (run.status !== 0) {
    rmSync(beside, { recursive: true, force: true });
    throw new StackError(`the build failed:\n${(run.stderr || run.stdout).trim()}`);
  }
  try {
    buildConsole(root, join(beside, CONSOLE));
  } catch (error) {
    rmSync(beside, { recursive: true, force: true });
    throw new StackError(`the console's build failed:\n${error instanceof Error ? error.message : error}`);
  }
  const manifest = { type: 'module', imports: { '#libs/*': './libs/*/src/index.js' } };
  writeFileSync(join(beside, 'package.json'), `${JSON.stringify(manifest)}\n`);
  try {
    renameSync(beside, dir);
  } catch (error) {
    // Another build of the same sources was faster; both are the same.
    rmSync(beside, { recursive: true, force: true });
    if (!existsSync(dir)) throw error;
  }
}

/**
 * @param {string} root
 * @param {string} name
 */
function pointAt(root, name) {
  const link = join(root, 'dist');
  const now = lstatSync(link, { throwIfNoEntry: false });
  if (now?.isSymbolicLink() && readlinkSync(link) === name) return;
  // A plain folder (of `nest build`) can't be replaced by a rename.
  if (now?.isDirectory()) rmSync(link, { recursive: true });
  const beside = join(root, `dist.${process.pid}.link`);
  rmSync(beside, { force: true });
  symlinkSync(name, beside);
  renameSync(beside, link);
}

/**
 * @param {string} root
 * @param {string} current
 */
function prune(root, current) {
  const old = readdirSync(root)
    .filter((name) => /^dist\.[0-9a-f]{16}$/.test(name) && name !== current)
    .map((name) => ({ name, time: statSync(join(root, name)).mtimeMs }))
    .sort((a, b) => b.time - a.time)
    .slice(BUILDS_KEPT - 1);
  for (const { name } of old) rmSync(join(root, name), { recursive: true, force: true });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    const { dir, built } = ensureBuild();
    console.log(`${built ? 'built' : 'up to date'}: ${dir}`);
  } catch (error) {
    console.error(error instanceof StackError ? error.message : error);
    process.exitCode = 1;
  }
}
