/** A freeze of planned moves, as `GET /freeze` tells it. */
export interface RegionFreeze {
  control_region: string;
  /** Whether it holds now. */
  frozen: boolean;
  until?: string;
  requested_by?: string;
  reason?: string;
  updated_at?: string;
}

/** Of the controller's own region, and of each: a connection is held by that of its home. */
export interface Freeze extends RegionFreeze {
  regions: RegionFreeze[];
}

/** The freeze that holds what has its home there; undefined: none does now. */
export function freezeOf(freeze: Freeze | undefined, home: string): RegionFreeze | undefined {
  return freeze?.regions.find(({ control_region, frozen }) => frozen && control_region === home);
}
