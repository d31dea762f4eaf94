import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { NextFunction, Request, Response } from 'express';
import { Access } from './auth/access.ts';

const DOCUMENT = 'openapi.json';
const PAGES = 'docs';

/** The description of the REST interface, made from the controllers and their DTOs. */
export function openApiOf(app: NestExpressApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Trunkline central controller')
    .setDescription(
      'Errors are problem details (RFC 9457) with a stable `code`. Times are RFC 3339. Reads are open on loopback; off it they need the bearer token as well, `/health` excepted.',
    )
    .setVersion('1')
    .addBearerAuth()
    .build();
  return SwaggerModule.createDocument(app, config);
}

/** `/openapi.json` for programs, `/docs` for people. Nest's guards do not see these routes. */
export function serveOpenApi(app: NestExpressApplication): void {
  const access = app.get(Access);
  app.use([`/${DOCUMENT}`, `/${PAGES}`], (request: Request, _response: Response, next: NextFunction) => {
    access.check(request, 'viewer').then(() => next(), next);
  });
  SwaggerModule.setup(PAGES, app, () => openApiOf(app), { jsonDocumentUrl: DOCUMENT, raw: ['json'] });
}
