import { ConfigurationError } from './config.ts';

/** Why a program did not start: what a person can mend is told in one line, everything else with its stack. */
export function startFault(error: unknown): string {
  if (error instanceof ConfigurationError) return error.message;
  const { code, port } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE' || code === 'EACCES') return `port ${port} cannot be listened on: ${code}`;
  return error instanceof Error ? String(error.stack) : String(error);
}
