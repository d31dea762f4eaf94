import { join } from 'node:path';
import ts from 'typescript';

/** @typedef {Record<string, unknown>} Schema */

/**
 * JSON Schemas of the classes and interfaces of a module, by name: their members, which of them may be
 * absent, and their comments as descriptions. References between them are not kept: each schema is whole.
 * @param {string} root folder of tsconfig.json
 * @param {string} entry the module that exports them, from root
 */
export function typeSchemas(root, entry) {
  const { options } = ts.convertCompilerOptionsFromJson(
    ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile).config.compilerOptions,
    root,
  );
  const program = ts.createProgram([join(root, entry)], { ...options, noEmit: true });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(join(root, entry));
  const module = source && checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`${entry} is not a module`);
  const symbols = new Map(checker.getExportsOfModule(module).map((symbol) => [symbol.name, symbol]));

  return {
    /** @param {string} name @returns {Schema} */
    schemaOf(name) {
      const found = symbols.get(name);
      if (found === undefined) throw new Error(`${entry} does not export ${name}`);
      const symbol = found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found;
      return schema(checker, checker.getDeclaredTypeOfSymbol(symbol));
    },
  };
}

/** @param {ts.TypeChecker} checker @param {ts.Type} type @returns {Schema} */
function schema(checker, type) {
  if (type.flags & ts.TypeFlags.StringLike && !type.isStringLiteral()) return { type: 'string' };
  if (type.flags & ts.TypeFlags.NumberLike && !type.isNumberLiteral()) return { type: 'number' };
  if (type.flags & ts.TypeFlags.Boolean) return { type: 'boolean' };
  if (type.isStringLiteral()) return { type: 'string', enum: [type.value] };
  if (type.flags & ts.TypeFlags.Unknown) return {};
  if (type.isUnion()) return unionSchema(checker, type.types);
  if (checker.isArrayType(type)) {
    const [element] = checker.getTypeArguments(/** @type {ts.TypeReference} */ (type));
    return { type: 'array', items: element === undefined ? {} : schema(checker, element) };
  }
  if (type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) return objectSchema(checker, type);
  throw new Error(`${checker.typeToString(type)} has no JSON Schema here`);
}

/** @param {ts.TypeChecker} checker @param {ts.Type[]} all @returns {Schema} */
function unionSchema(checker, all) {
  const types = all.filter((type) => !(type.flags & ts.TypeFlags.Undefined));
  if (types.every((type) => type.isStringLiteral()))
    // The checker's own order changes with unrelated code.
    return { type: 'string', enum: types.map((type) => type.value).sort() };
  if (types.every((type) => type.flags & ts.TypeFlags.BooleanLiteral)) return { type: 'boolean' };
  const [only] = types;
  if (types.length === 1 && only !== undefined) return schema(checker, only);
  const parts = types.filter((type) => !(type.flags & ts.TypeFlags.BooleanLiteral));
  const schemas = parts.map((type) => schema(checker, type));
  return { anyOf: parts.length < types.length ? [...schemas, { type: 'boolean' }] : schemas };
}

/** @param {ts.TypeChecker} checker @param {ts.Type} type @returns {Schema} */
function objectSchema(checker, type) {
  const index = checker.getIndexInfoOfType(type, ts.IndexKind.String);
  if (index !== undefined) return { type: 'object', additionalProperties: schema(checker, index.type) };
  /** @type {Record<string, Schema>} */
  const properties = {};
  const required = [];
  for (const property of checker.getPropertiesOfType(type)) {
    const description = textOf(checker, property);
    properties[property.name] = {
      ...schema(checker, checker.getNonNullableType(checker.getTypeOfSymbol(property))),
      ...(description === '' ? {} : { description }),
    };
    if (!(property.flags & ts.SymbolFlags.Optional)) required.push(property.name);
  }
  return { type: 'object', properties, ...(required.length > 0 ? { required } : {}) };
}

/** A comment as one line. @param {ts.TypeChecker} checker @param {ts.Symbol} symbol */
function textOf(checker, symbol) {
  return ts.displayPartsToString(symbol.getDocumentationComment(checker)).replaceAll(/\s+/g, ' ').trim();
}
