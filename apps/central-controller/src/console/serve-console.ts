import { fileURLToPath } from 'node:url';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import { ConsoleSite } from './console-site.ts';

/** Beside the programs of the same build. */
const FOLDER = fileURLToPath(new URL('../../../console/public/', import.meta.url));

/**
 * The console at `/`, if this build has one.
 * @param folder where its files are
 */
export function serveConsole(app: NestExpressApplication, folder: string = FOLDER): void {
  const site = ConsoleSite.open(folder);
  if (site === undefined) return;
  app.use((request: Request, response: Response, next: NextFunction) => {
    if (!site.answer(request, response)) next();
  });
}
