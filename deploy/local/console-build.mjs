import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

/** Browsers of the last years: what the console's syntax is made for. */
const TARGET = ['chrome111', 'firefox115', 'safari16.4'];
/**
 * A fresh clone has it only once `npm start`, which imports this file, has installed it.
 * @returns {typeof import('esbuild')}
 */
const esbuild = () => createRequire(import.meta.url)('esbuild');
/** Smaller files don't get smaller on the wire. */
const COMPRESSED_FROM_BYTES = 512;

/**
 * Bundles the console into `<out>`: `index.html`, and `assets/` with a hash in every name, each file beside its brotli
 * and gzip forms.
 * @param {string} root of the clone
 * @param {string} out an empty or absent folder
 * @throws of esbuild, with what is wrong where
 */
export function buildConsole(root, out) {
  const source = join(root, 'apps/console/src');
  const assets = join(out, 'assets');
  mkdirSync(assets, { recursive: true });
  const scripts = bundle({
    absWorkingDir: root,
    entryPoints: [join(source, 'main.ts'), join(source, 'boot.ts')],
    format: 'esm',
    splitting: true,
    loader: { '.css': 'text' },
    outdir: assets,
    outbase: source,
  });
  const styles = bundle({
    absWorkingDir: root,
    entryPoints: [join(source, 'theme.css')],
    outdir: assets,
    outbase: source,
  });
  /** @type {Record<string, string>} */
  const names = { ...scripts, ...styles, icon: copyHashed(join(source, 'icon.svg'), assets) };
  const html = readFileSync(join(source, 'index.html'), 'utf8').replaceAll(
    /%(\w+)%/g,
    (_all, name) => `assets/${names[name]}`,
  );
  writeFileSync(join(out, 'index.html'), html);
  for (const folder of [out, assets]) compressAll(folder);
}

/**
 * @param {import('esbuild').BuildOptions} options
 * @returns {Record<string, string>} the written file of each entry point, by its name without ending
 */
function bundle(options) {
  const { metafile } = esbuild().buildSync({
    bundle: true,
    minify: true,
    legalComments: 'none',
    target: TARGET,
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    metafile: true,
    logLevel: 'silent',
    // Lit's reactive properties are accessors, which fields by definition would hide.
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false, target: 'es2022' } },
    ...options,
  });
  if (!metafile) throw new Error('esbuild told nothing of what it wrote');
  return Object.fromEntries(
    Object.entries(metafile.outputs).flatMap(([file, { entryPoint }]) =>
      entryPoint ? [[basename(entryPoint).replace(/\.\w+$/, ''), basename(file)]] : [],
    ),
  );
}

/**
 * @param {string} file
 * @param {string} folder
 */
function copyHashed(file, folder) {
  const bytes = readFileSync(file);
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 8).toUpperCase();
  const name = basename(file).replace(/(\.\w+)$/, `-${hash}$1`);
  writeFileSync(join(folder, name), bytes);
  return name;
}

/** @param {string} folder */
function compressAll(folder) {
  for (const { name } of readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile())) {
    const bytes = readFileSync(join(folder, name));
    if (bytes.length < COMPRESSED_FROM_BYTES) continue;
    writeFileSync(
      join(folder, `${name}.br`),
      brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
    );
    writeFileSync(join(folder, `${name}.gz`), gzipSync(bytes, { level: 9 }));
  }
}
