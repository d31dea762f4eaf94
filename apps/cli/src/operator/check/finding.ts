/** What one look found. */
export interface Finding {
  readonly check: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  /** What to do about it. */
  readonly hint?: string;
  /** It could not be looked at, or not reached. */
  readonly unreachable?: true;
}

export const ok = (check: string, detail: string): Finding => ({ check, status: 'ok', detail });

export const warn = (check: string, detail: string, hint: string): Finding => ({
  check,
  status: 'warn',
  detail,
  hint,
});

export const fail = (check: string, detail: string, hint: string): Finding => ({
  check,
  status: 'fail',
  detail,
  hint,
});

export const unreached = (check: string, detail: string, hint: string): Finding => ({
  ...fail(check, detail, hint),
  unreachable: true,
});

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
