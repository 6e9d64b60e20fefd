// Builds the HTTP application around a world. The same for the process and for tests.
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { HttpsOptions } from '@nestjs/common/interfaces/external/https-options.interface';
import { limits } from '@cairn/contracts';
import express, { type NextFunction, type Request, type Response } from 'express';
import helmet from 'helmet';
import { AppModule } from '../app.module';
import { ConsoleBridge } from '../console/console-bridge';
import { serveConsole } from './console-files';
import { NestLog } from './nest-log';
import type { World } from './platform.module';
import { ProblemFilter } from './problem-filter';
import { attachRequestContext } from './request-context';

const HEADERS_TIMEOUT_MS = 20_000;
/** An upload part of 64 MiB over a slow line. */
const REQUEST_TIMEOUT_MS = 600_000;

/** The answers of the API are for one reader at one time. */
function forbidStoring(request: Request, response: Response, next: NextFunction): void {
  if (request.path.startsWith('/api/')) response.setHeader('Cache-Control', 'no-store');
  next();
}

function applicationOptions(
  world: World,
  httpsOptions: HttpsOptions | null,
): { logger: NestLog; bodyParser: false; abortOnError: false; httpsOptions?: HttpsOptions } {
  return {
    logger: new NestLog(world.logger),
    bodyParser: false,
    abortOnError: false,
    ...(httpsOptions === null ? {} : { httpsOptions }),
  };
}

export async function createApp(
  world: World,
  httpsOptions: HttpsOptions | null,
): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.with(world),
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class that nobody can make.
    applicationOptions(world, httpsOptions),
  );
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.set('etag', false);
  app.use(attachRequestContext);
  app.use(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'self'"],
          scriptSrc: ["'self'"],
          // PatternFly and the terminal set inline style attributes and elements.
          styleSrc: ["'self'", "'unsafe-inline'"],
          imgSrc: ["'self'", 'data:', 'blob:'],
          fontSrc: ["'self'", 'data:'],
          connectSrc: ["'self'", 'ws:', 'wss:'],
          workerSrc: ["'self'", 'blob:'],
          objectSrc: ["'none'"],
          baseUri: ["'none'"],
          formAction: ["'self'"],
          frameAncestors: ["'none'"],
        },
      },
      strictTransportSecurity: httpsOptions === null ? false : { maxAge: 31_536_000 },
      referrerPolicy: { policy: 'no-referrer' },
    }),
  );
  app.use(forbidStoring);
  app.use(
    express.json({
      limit: limits.jsonBodyBytesMax,
      type: ['application/json', 'application/merge-patch+json'],
      strict: false,
    }),
  );
  const { consoleDir } = world.environment;
  if (consoleDir !== null) serveConsole(app, consoleDir);
  const filter = app.get(ProblemFilter);
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    filter.answer(error, request, response);
  });
  await app.init();
  const server = app.getHttpServer();
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = 15_000;
  app.get(ConsoleBridge).listenOn(server);
  return app;
}
