import type {
  Broker,
  ControllerOptions,
  ControllerSession,
  EndpointIdentity,
  ProbeOptions,
  ProbeTable,
  ResumeTargetOptions,
  TargetOptions,
  TargetSession,
} from '#libs/endpoint';
import type { ExitCode, Output } from '../exit.ts';
import type { Terminal } from '../terminal.ts';

/** What a session's command works with; a test gives others. */
export interface SessionContext {
  readonly output: Output;
  readonly terminal: Terminal;
  readonly endpoint: EndpointSdk;
  /** Folder of the clone's local stack, where certificates and lists of brokers are looked for. */
  readonly stackHome: string;
  /** Folder for what outlives a restart of the machine. */
  readonly stateHome: string;
  /** As the broker's log names this program. */
  readonly agent: string;
  /** Is told the exit code. */
  readonly end: (code: ExitCode) => void;
}

/** The calls of the SDK that the command line makes. */
export interface EndpointSdk {
  probe(brokers: readonly Broker[], identity: EndpointIdentity, options?: ProbeOptions): Promise<ProbeTable>;
  openController(options: ControllerOptions): Promise<ControllerSession>;
  attachTarget(options: TargetOptions): Promise<TargetSession>;
  resumeTarget(options: ResumeTargetOptions): Promise<TargetSession>;
}
