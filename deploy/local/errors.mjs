/** What a person has to mend: its message is one clear line that says what is wrong and how to mend it. */
export class StackError extends Error {}

/** @type {{[code: string]: string}} */
const HINTS = {
  ENOSPC: 'the disk is full: free space and start again',
  EDQUOT: 'the disk quota is used up: free space and start again',
  EROFS: 'the disk is read-only: use a clone that can be written',
  EACCES: 'this user may not write there: mend its owner or mode',
  EPERM: 'this user may not do that: mend its owner or mode',
  EMFILE: 'too many open files: raise the limit (ulimit -n 4096)',
  ENFILE: 'too many open files on this machine: raise the limit',
};

/**
 * One line for what a person can mend; everything else is a defect of ours and keeps its stack.
 * @param {unknown} error
 * @returns {string}
 */
export function reasonFor(error) {
  if (error instanceof StackError) return error.message;
  const { code = '', path = '' } = /** @type {NodeJS.ErrnoException} */ (error ?? {});
  const hint = HINTS[code];
  if (hint) return `${path} (${code}): ${hint}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
