import { Command, CommanderError } from 'commander';
import { CliError, EXIT, type ExitCode, type Output } from './exit.ts';
import { verifyCommand } from './verify/command.ts';

export interface About {
  readonly version: string;
  readonly description: string;
}

/** Runs one command line, without the names of node and of the script. Never rejects, never exits. */
export async function run(args: readonly string[], output: Output, about: About): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  const program = new Command('trunkline')
    .description(about.description)
    .version(about.version)
    .configureOutput({ writeOut: (text) => output.out(text), writeErr: (text) => output.err(text) })
    .showHelpAfterError('(trunkline --help, or trunkline <command> --help, says how)')
    .exitOverride();
  const end = (code: ExitCode) => {
    exitCode = code;
  };
  program.addCommand(verifyCommand(output, end).copyInheritedSettings(program).exitOverride());
  if (args.length === 0) {
    program.outputHelp();
    return EXIT.ok;
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has said what is wrong; help and version end this way as well.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (!(error instanceof CliError)) throw error;
    output.err(`trunkline: ${error.message}\n`);
    return error.exitCode;
  }
}
