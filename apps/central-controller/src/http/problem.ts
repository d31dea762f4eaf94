import { ERROR_CODES, type ProblemCode } from '#libs/contracts';

export interface ProblemOptions {
  /** For people: what exactly was wrong. Never repeats a payload. */
  readonly detail?: string;
  /** Members beside RFC 9457's own. */
  readonly more?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that is not the one hoped for; `code` is stable, the texts are not. */
export class Problem extends Error {
  constructor(
    readonly code: ProblemCode,
    readonly options: ProblemOptions = {},
  ) {
    super(options.detail ?? ERROR_CODES[code].title);
  }

  get status(): number {
    return ERROR_CODES[this.code].status;
  }

  /** RFC 9457, with `code` and whatever else the caller can act on. */
  body(): Record<string, unknown> {
    const { status, title, retriable } = ERROR_CODES[this.code];
    const { detail, more } = this.options;
    return {
      type: `urn:trunkline:problem:${this.code}`,
      title,
      status,
      code: this.code,
      retriable,
      ...(detail !== undefined && { detail }),
      ...more,
    };
  }
}
