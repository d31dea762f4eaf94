import { homedir } from 'node:os';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import * as endpoint from '#libs/endpoint';
import { environment, usualConfigFile } from './config.ts';
import { CliError, EXIT, type ExitCode, type Output } from './exit.ts';
import { agentsCommand } from './operator/agents.ts';
import { checkCommand } from './operator/check/command.ts';
import { connectionsCommand } from './operator/connections.ts';
import { type OperatorContext, processScreen } from './operator/context.ts';
import { failoversCommand } from './operator/failovers.ts';
import { tailCommand } from './operator/tail.ts';
import { topCommand } from './operator/top.ts';
import { topicsCommand } from './operator/topics.ts';
import { pkiCommand } from './pki/command.ts';
import { exportCommand, replayCommand } from './replay/command.ts';
import type { SessionContext } from './session/context.ts';
import { controllerCommand } from './session/controller-command.ts';
import { probeCommand } from './session/probe-command.ts';
import { targetCommand } from './session/target-command.ts';
import { processTerminal } from './terminal.ts';
import { tokenCommand } from './token/command.ts';
import { verifyCommand } from './verify/command.ts';

const HELP = `
Examples:
  $ trunkline check
      is all there that connections need, and what to do where it is not
  $ trunkline connections explain bank-client-1:primary
  $ trunkline tail --type failover-decided,failover-suppressed
`;

export interface About {
  readonly version: string;
  readonly description: string;
  /** Folder of the clone's local stack. */
  readonly stackHome: string;
}

/** What a test gives in place of the machine. */
export type Surroundings = Partial<Pick<SessionContext, 'terminal' | 'endpoint' | 'stateHome'>> &
  Partial<Pick<OperatorContext, 'screen' | 'env' | 'configFile' | 'nowMs'>>;

/** Runs one command line, without the names of node and of the script. Never rejects, never exits. */
export async function run(
  args: readonly string[],
  output: Output,
  about: About,
  surroundings: Surroundings = {},
): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  const program = new Command('trunkline')
    .description(about.description)
    .version(about.version)
    .configureOutput({ writeOut: (text) => output.out(text), writeErr: (text) => output.err(text) })
    .addHelpText('after', HELP)
    .showHelpAfterError('(trunkline --help, or trunkline <command> --help, says how)')
    .exitOverride();
  const end = (code: ExitCode) => {
    exitCode = code;
  };
  const context: SessionContext = {
    output,
    end,
    stackHome: about.stackHome,
    agent: `trunkline/${about.version}`,
    terminal: surroundings.terminal ?? processTerminal(),
    endpoint: surroundings.endpoint ?? endpoint,
    stateHome: surroundings.stateHome ?? join(homedir(), '.trunkline'),
  };
  const env = surroundings.env ?? environment();
  const operator: OperatorContext = {
    output,
    end,
    terminal: context.terminal,
    stackHome: about.stackHome,
    agent: context.agent,
    screen: surroundings.screen ?? processScreen(),
    env,
    configFile: surroundings.configFile ?? usualConfigFile(env),
    nowMs: surroundings.nowMs ?? Date.now,
  };
  for (const command of commandsOf(context, operator)) program.addCommand(inherit(command, program));
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

/** In the order of the help. */
function commandsOf(session: SessionContext, operator: OperatorContext): Command[] {
  return [
    connectionsCommand(operator),
    agentsCommand(operator),
    failoversCommand(operator),
    topCommand(operator),
    tailCommand(operator),
    checkCommand(operator),
    topicsCommand(operator),
    controllerCommand(session),
    targetCommand(session),
    probeCommand(session),
    verifyCommand(session.output, session.end),
    exportCommand(operator),
    replayCommand(operator),
    tokenCommand(operator),
    pkiCommand(session.output),
  ];
}

/** Where a command writes, and that it never exits, holds for its own commands as well. */
function inherit(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent).exitOverride();
  for (const own of command.commands) inherit(own, command);
  return command;
}
