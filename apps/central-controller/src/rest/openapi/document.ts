import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { NextFunction, Request, Response } from 'express';
import { Access } from '../../http/auth/access.ts';
import { ProblemDetails } from '../views.ts';
import { complete } from './complete.ts';

const DOCUMENT = 'openapi.json';
const PAGES = 'docs';

const ABOUT = `What an operator sees of links and sessions, and what they may ask for.

- Errors are problem details (RFC 9457) with a stable \`code\`. \`retriable\` says whether the same may succeed later, and a
  503 or 429 says when to come again (\`Retry-After\`).
- Times are RFC 3339. Absent values are absent, never null.
- Lists have pages: \`next_cursor\` is absent on the last one. A page may be short or empty; what stays as it is while pages
  are turned is met once.
- A change is asked for: 202 says that Kafka has it, and its \`event_id\`. Whoever reads the log decides on it.`;

const OPEN = `**Reads are open on this process**: it listens on loopback, so whoever is on this machine may read. Everything else needs a
bearer token.`;
const CLOSED = 'Every call needs a bearer token, `/health` excepted.';

const TAGS: readonly [string, string][] = [
  ['connections', 'Links and sessions'],
  ['agents', 'Sidecars and brokers'],
  ['failovers', 'Moves of connections, each with its ledger of times'],
  ['settings', 'What operators set for this control region'],
  ['events', 'Facts and reports from outside, and decisions as they are made'],
  ['dead letters', 'Records that nobody could take'],
  ['status', 'This process'],
  ['metrics', 'What this process counts'],
  ['health', 'Probes'],
];

/** The description of the REST interface, made from the controllers and their DTOs. */
export function openApiOf(app: NestExpressApplication): OpenAPIObject {
  const { readsAreOpen } = app.get(Access);
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Trunkline central controller')
    .setDescription(`${ABOUT}\n\n${readsAreOpen ? OPEN : CLOSED}`)
    .setVersion('1')
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer('/', 'This process')
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description:
        "A token of the issuer (claim `roles`: viewer, operator, publisher), or the controller's shared token",
    });
  for (const [name, description] of TAGS) builder.addTag(name, description);
  const document = SwaggerModule.createDocument(app, builder.build(), {
    extraModels: [ProblemDetails],
    operationIdFactory: (controller, method) =>
      `${controller.replace(/Controller$/, '').replace(/^./, (first) => first.toLowerCase())}.${method}`,
  });
  return complete(document, readsAreOpen);
}

/** `/openapi.json` for programs, `/docs` for people. Nest's guards do not see these routes. */
export function serveOpenApi(app: NestExpressApplication): void {
  const access = app.get(Access);
  app.use(
    [`/${DOCUMENT}`, `/${PAGES}`],
    async (request: Request, _response: Response, next: NextFunction) => {
      await access.check(request, 'viewer');
      next();
    },
  );
  SwaggerModule.setup(PAGES, app, () => openApiOf(app), { jsonDocumentUrl: DOCUMENT, raw: ['json'] });
}
