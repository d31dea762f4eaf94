import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { ROOT } from '../../deploy/local/paths.mjs';

export interface Source {
  /** From the root of the clone, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** Every file that is in the repository or about to be, without what is ignored. */
export function trackedFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return listed.split('\0').filter((path) => path !== '' && existsSync(join(ROOT, path)));
}

export function readSource(path: string): Source {
  return { path, text: readFileSync(join(ROOT, path), 'utf8') };
}

/** What a file imports, by whatever form of import, as it is written. */
export function importsOf(source: Source): string[] {
  return ts.preProcessFile(source.text, true, true).importedFiles.map((file) => file.fileName);
}

export interface LongFunction {
  readonly where: string;
  readonly lines: number;
}

/** Functions of more than `limit` lines; what only groups tests (`describe`, a suite of behaviours) may be longer. */
export function longFunctions(source: Source, limit: number): LongFunction[] {
  const file = ts.createSourceFile(source.path, source.text, ts.ScriptTarget.Latest, true);
  const found: LongFunction[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body && !isGroup(node)) {
      const first = file.getLineAndCharacterOfPosition(node.getStart()).line;
      const lines = file.getLineAndCharacterOfPosition(node.getEnd()).line - first + 1;
      if (lines > limit) found.push({ where: `${source.path}:${first + 1}`, lines });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function isGroup(node: ts.SignatureDeclaration & { body?: ts.Node | undefined }): boolean {
  let groups = false;
  node.body?.forEachChild((child) => {
    if (!ts.isExpressionStatement(child) || !ts.isCallExpression(child.expression)) return;
    groups ||= /^(describe|it)\b/.test(child.expression.expression.getText());
  });
  return groups;
}
