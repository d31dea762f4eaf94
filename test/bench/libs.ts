import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuild } from '../../deploy/local/build.mjs';

/** The build that is measured. */
export const build = ensureBuild().dir;

/** A module of the build, also one that its library keeps to itself. @param path from the build's folder */
export function built<T>(path: string): Promise<T> {
  return import(pathToFileURL(join(build, path)).href);
}
