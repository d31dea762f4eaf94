import { IsBoolean, IsIn, IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import { ConfigurationError, FromEnv, loadConfig, readConfig, variablesOf } from './config.ts';

class Common {
  @FromEnv('T_NAME', 'string', 'who it is')
  @Matches(/^[a-z]+$/)
  name!: string;

  @FromEnv('T_URL', 'string', 'where it stores', { secret: true })
  @Matches(/^store:\/\//, { message: 'must be a store' })
  url = 'store://here';
}

class Config extends Common {
  @FromEnv('T_PORT', 'number', 'where it listens')
  @IsInt()
  @Min(0)
  @Max(65_535)
  port = 8080;

  @FromEnv('T_ACTIVE', 'boolean', 'whether it begins at once')
  @IsBoolean()
  active = true;

  @FromEnv('T_PARTS', 'list', 'what it runs')
  @IsIn(['left', 'right'], { each: true })
  parts: string[] = ['left'];

  @FromEnv('T_SHAPE', 'json', 'anything')
  @IsOptional()
  shape?: unknown;
}

function linesOf(env: Record<string, string>): string[] {
  try {
    loadConfig(Config, env);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.lines;
    throw error;
  }
  return [];
}

describe('a configuration', () => {
  it('has the defaults of its class where nothing, or nothing but emptiness, is given', () => {
    const defaults = { name: 'a', url: 'store://here', port: 8080, active: true, parts: ['left'] };
    expect({ ...loadConfig(Config, { T_NAME: 'a' }) }).toEqual(defaults);
    expect({ ...loadConfig(Config, { T_NAME: 'a', T_PORT: '', T_PARTS: '' }) }).toEqual(defaults);
  });

  it('has each variable in the type of its property', () => {
    const env = {
      T_NAME: 'a',
      T_PORT: '1',
      T_ACTIVE: 'false',
      T_PARTS: ' left, right,',
      T_SHAPE: '{"sides":[1,2]}',
    };
    expect(loadConfig(Config, env)).toMatchObject({
      port: 1,
      active: false,
      parts: ['left', 'right'],
      shape: { sides: [1, 2] },
    });
  });

  it.each([
    ['T_PORT', '1.5'],
    ['T_PORT', '0x'],
    ['T_PORT', ' '],
    ['T_PORT', '65536'],
    ['T_ACTIVE', 'yes'],
    ['T_PARTS', 'left,middle'],
    ['T_NAME', 'A'],
  ])('does not take %s=%j', (variable, given) => {
    const [line, ...others] = linesOf({ T_NAME: 'a', [variable]: given });
    expect(line).toMatch(new RegExp(`^${variable}: ${JSON.stringify(given)}; .*it must`));
    expect(others).toEqual([]);
  });

  it('tells all that is wrong at once: the variable, what was given and what is allowed', () => {
    const lines = linesOf({ T_PORT: 'eighty', T_PARTS: 'middle', T_ACTIVE: 'maybe', T_URL: 'shop' });
    expect(lines.map((line) => line.slice(0, line.indexOf(':'))).sort()).toEqual([
      'T_ACTIVE',
      'T_NAME',
      'T_PARTS',
      'T_PORT',
      'T_URL',
    ]);
    expect(lines).toContainEqual(expect.stringMatching(/^T_NAME: not set; it must match/));
    expect(lines).toContainEqual(expect.stringMatching(/^T_PARTS: "middle"; .*left, ?right/));
    expect(new ConfigurationError(lines).message.split('\n')).toHaveLength(6);
  });

  it('never shows what a secret variable was given, only that it was', () => {
    expect(linesOf({ T_NAME: 'a', T_URL: 'shop://user:password@there' })).toEqual([
      'T_URL: (given, not shown); must be a store',
    ]);
  });

  it('is frozen, so that nobody can change it after its start', () => {
    const config = loadConfig(Config, { T_NAME: 'a' });
    expect(Object.isFrozen(config)).toBe(true);
    expect(() => Object.assign(config, { port: 1 })).toThrow(TypeError);
  });

  it('can be read with its problems by whoever has more to check', () => {
    const { config, lines } = readConfig(Config, { T_NAME: 'a', T_PORT: '-1' });
    expect(config).toMatchObject({ name: 'a', port: -1 });
    expect(lines).toEqual([expect.stringContaining('T_PORT')]);
  });

  it('documents its variables in the order they are written, those it inherits first', () => {
    expect(variablesOf(Config).map(({ variable, secret }) => [variable, secret])).toEqual([
      ['T_NAME', false],
      ['T_URL', true],
      ['T_PORT', false],
      ['T_ACTIVE', false],
      ['T_PARTS', false],
      ['T_SHAPE', false],
    ]);
  });
});
