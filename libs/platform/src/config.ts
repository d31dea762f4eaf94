import 'reflect-metadata';
import { plainToInstance, Transform } from 'class-transformer';
import { type ValidationError, validateSync } from 'class-validator';

/** One configuration variable: the environment's name of a class property, and what it is for. */
export interface VariableDoc {
  readonly variable: string;
  readonly property: string;
  readonly about: string;
  /** Its value is shown to nobody, however wrong it is: it may hold a password or a card number. */
  readonly secret: boolean;
}

const documented = new Map<object, VariableDoc[]>();

type Reader = (text: string) => unknown;
const readers: Record<'string' | 'number' | 'boolean' | 'list' | 'json', Reader> = {
  string: (text) => text,
  number: (text) => (text.trim() === '' ? Number.NaN : Number(text)),
  boolean: (text) => (text === 'true' ? true : text === 'false' ? false : text),
  list: (text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  json: (text) => {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  },
};

/** Binds a property of a configuration class to an environment variable. Defaults are property initialisers. */
export function FromEnv(
  variable: string,
  kind: keyof typeof readers,
  about: string,
  { secret = false }: { readonly secret?: boolean } = {},
): PropertyDecorator {
  return (target, property) => {
    const docs = documented.get(target) ?? [];
    docs.push({ variable, property: String(property), about, secret });
    documented.set(target, docs);
    Transform(({ value }) => (typeof value === 'string' ? readers[kind](value) : value))(target, property);
  };
}

/** Every variable of a configuration class, its parents' included, in the order they are written. */
export function variablesOf(schema: new () => object): VariableDoc[] {
  const found: VariableDoc[] = [];
  for (
    let proto = schema.prototype;
    proto && proto !== Object.prototype;
    proto = Object.getPrototypeOf(proto)
  ) {
    found.unshift(...(documented.get(proto) ?? []));
  }
  return found;
}

/** All that is wrong with the configuration, at once; `lines` name variable, what was given, what is allowed. */
export class ConfigurationError extends Error {
  constructor(readonly lines: string[]) {
    super(`configuration is not valid:\n${lines.map((line) => `  ${line}`).join('\n')}`);
  }
}

/** What the environment says, and all that is wrong with it; `config` is to be used when no line is there. */
export interface ConfigReading<T> {
  readonly config: Readonly<T>;
  readonly lines: string[];
}

/** Reads the environment without an opinion on it, for whoever has more to check and tells everything at once. */
export function readConfig<T extends object>(
  schema: new () => T,
  env: NodeJS.ProcessEnv = process.env,
): ConfigReading<T> {
  const docs = variablesOf(schema);
  const plain: Record<string, string> = {};
  for (const { variable, property } of docs) {
    const given = env[variable];
    if (given !== undefined && given !== '') plain[property] = given;
  }
  const config = plainToInstance(schema, plain, { exposeDefaultValues: true });
  const errors = validateSync(config, { forbidUnknownValues: true });
  return { config: Object.freeze(config), lines: errors.map((error) => describe(error, docs, env)) };
}

/**
 * Reads the environment once into a validated, frozen object.
 * @throws ConfigurationError naming every variable that is wrong.
 */
export function loadConfig<T extends object>(
  schema: new () => T,
  env: NodeJS.ProcessEnv = process.env,
): Readonly<T> {
  const { config, lines } = readConfig(schema, env);
  if (lines.length > 0) throw new ConfigurationError(lines);
  return config;
}

function describe(error: ValidationError, docs: VariableDoc[], env: NodeJS.ProcessEnv): string {
  const doc = docs.find(({ property }) => property === error.property);
  const variable = doc?.variable ?? error.property;
  const allowed = constraintsOf(error).map((text) => text.replaceAll(error.property, 'it'));
  return `${variable}: ${shown(env[variable], doc?.secret ?? true)}; ${allowed.join(', ')}`;
}

function shown(given: string | undefined, secret: boolean): string {
  if (given === undefined) return 'not set';
  return secret ? '(given, not shown)' : JSON.stringify(given);
}

function constraintsOf(error: ValidationError): string[] {
  return [...Object.values(error.constraints ?? {}), ...(error.children ?? []).flatMap(constraintsOf)];
}
