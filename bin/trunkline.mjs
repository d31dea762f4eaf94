#!/usr/bin/env node
import { readFileSync } from 'node:fs';

const { version, description } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
);

try {
  const { program } = await import('commander');
  program
    .name('trunkline')
    .description(description)
    .version(version)
    .showHelpAfterError()
    .allowExcessArguments(false)
    .action(() => program.help());
  await program.parseAsync();
} catch (error) {
  if (error?.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  console.error('trunkline: its dependencies are not installed: run npm ci in the clone first');
  process.exit(1);
}
