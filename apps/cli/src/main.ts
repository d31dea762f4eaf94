import { EXIT } from './exit.ts';
import { type About, run } from './program.ts';

/** The command line as a process; bin/trunkline.mjs calls it. */
export async function main(about: About): Promise<void> {
  // Whoever reads the output may stop reading (`| head`): that is no failure.
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') process.exit(process.exitCode ?? EXIT.ok);
    process.stderr.write(`trunkline: standard output cannot be written (${code})\n`);
    process.exit(EXIT.unreadable);
  });
  // Nobody reads what went wrong: the exit code tells it.
  process.stderr.on('error', () => undefined);
  const output = {
    out: (text: string) => void process.stdout.write(text),
    err: (text: string) => void process.stderr.write(text),
  };
  process.exitCode = await run(process.argv.slice(2), output, about);
}
