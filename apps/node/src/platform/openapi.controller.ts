// The API's description for people and programs. Nothing is loaded from elsewhere.
import { Controller, Get, Res } from '@nestjs/common';
import { buildOpenApiDocument, routes } from '@cairn/contracts';
import type { Response } from 'express';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Public } from './auth-guard';
import { Operation } from './operation';
import { ProblemError } from './problem';

const assetsDirectory = dirname(createRequire(__filename).resolve('swagger-ui-dist/package.json'));

const ASSETS: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css',
  'swagger-ui-bundle.js': 'text/javascript',
};

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Cairn API</title>
    <link rel="stylesheet" href="/api/docs/swagger-ui.css">
  </head>
  <body>
    <div id="docs"></div>
    <script src="/api/docs/swagger-ui-bundle.js"></script>
    <script src="/api/docs/start.js"></script>
  </body>
</html>
`;

const START = `window.ui = SwaggerUIBundle({ url: '/api/v1/openapi.json', dom_id: '#docs' });\n`;

@Controller()
export class OpenApiController {
  readonly #document = buildOpenApiDocument(routes);

  @Operation('getOpenApi')
  document(): unknown {
    return this.#document;
  }

  @Public()
  @Get('/api/docs')
  page(@Res() response: Response): void {
    response.type('text/html').send(PAGE);
  }

  @Public()
  @Get('/api/docs/start.js')
  start(@Res() response: Response): void {
    response.type('text/javascript').send(START);
  }

  @Public()
  @Get('/api/docs/:asset')
  asset(@Res() response: Response): void {
    const name = String(response.req.params['asset']);
    const type = Object.hasOwn(ASSETS, name) ? ASSETS[name] : undefined;
    if (type === undefined) throw new ProblemError('request.notFound', 'There is no such file.');
    response.set('Cache-Control', 'public, max-age=86400');
    response.type(type).send(readFileSync(join(assetsDirectory, name)));
  }
}
