/** A measurement beside the floor that the same run measured on the same machine. */
export interface Comparison {
  readonly name: string;
  /** What the figures count, e.g. `ms`. */
  readonly unit: string;
  readonly measured: Figures;
  readonly floor: Figures;
  /** How the floor is made. */
  readonly floorIs: string;
  /** Measured to floor, by figure. */
  readonly ratios: Figures;
  readonly aims: readonly Aim[];
  /** What else the run showed, by name. */
  readonly notes?: Readonly<Record<string, unknown>>;
}

export type Figures = Readonly<Record<string, number>>;

export interface Aim {
  readonly what: string;
  readonly met: boolean;
}

/** Nearest-rank quantiles of samples, and how many there were. */
export function quantiles(samples: readonly number[], of: readonly number[] = [0.5, 0.9, 0.99]): Figures {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (q: number) => sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
  return {
    ...Object.fromEntries(of.map((q) => [`p${Math.round(q * 100)}`, rounded(at(q))])),
    max: rounded(sorted.at(-1) ?? Number.NaN),
    samples: sorted.length,
  };
}

/** Measured to floor, for the figures that both have. */
export function ratiosOf(measured: Figures, floor: Figures): Figures {
  const shared = Object.keys(measured).filter((name) => name in floor && name !== 'samples');
  return Object.fromEntries(
    shared.map((name) => [name, rounded((measured[name] ?? 0) / (floor[name] ?? 0))]),
  );
}

export function atMost(what: string, value: number | undefined, limit: number): Aim {
  return { what: `${what} at most ${limit}: ${value}`, met: value !== undefined && value <= limit };
}

export function atLeast(what: string, value: number | undefined, limit: number): Aim {
  return { what: `${what} at least ${limit}: ${value}`, met: value !== undefined && value >= limit };
}

export function rounded(value: number): number {
  return Number(value.toPrecision(value >= 1000 ? 6 : 4));
}

/** One row a figure: measured, floor, ratio. */
export function rowsOf({ name, unit, measured, floor, ratios }: Comparison): object[] {
  return Object.keys(measured)
    .filter((figure) => figure !== 'samples')
    .map((figure) => ({
      what: name,
      figure: `${figure}, ${unit}`,
      measured: measured[figure],
      floor: floor[figure] ?? '',
      ratio: ratios[figure] ?? '',
    }));
}
