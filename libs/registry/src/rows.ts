/** `undefined` members become absent ones. */
type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Reads a Redis hash, which knows text only. */
export function rowOf(fields: Readonly<Record<string, string>>) {
  return {
    text: (field: string): string | undefined => fields[field],
    number: (field: string): number | undefined => {
      const text = fields[field];
      return text === undefined ? undefined : Number(text);
    },
    defined: <T extends object>(view: T): Defined<T> =>
      Object.fromEntries(Object.entries(view).filter(([, value]) => value !== undefined)) as Defined<T>,
  };
}
