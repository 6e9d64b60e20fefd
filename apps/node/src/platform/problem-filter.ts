// The last stop of every error: an RFC 9457 document, never a stack trace, never a bare 500 page.
import {
  Catch,
  HttpException,
  Inject,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { mediaTypes, problemOf, routeEntries, type ProblemCode } from '@cairn/contracts';
import type { Logger } from '@cairn/telemetry';
import type { Request, Response } from 'express';
import { expressPathOf } from './operation';
import { ProblemError, toProblem } from './problem';
import { requestIdOf } from './request-context';
import { LOGGER } from './tokens';

const STATUS_CODES: Readonly<Record<number, ProblemCode>> = {
  404: 'request.notFound',
  405: 'request.methodNotAllowed',
  413: 'request.tooLarge',
  415: 'request.unsupportedMediaType',
  429: 'rate.limited',
  503: 'service.unavailable',
};

/** Every path of the table as a pattern, for telling "no such path" from "not this method". */
const pathPatterns = routeEntries().map(([, route]) => ({
  method: route.method.toUpperCase(),
  pattern: new RegExp(
    `^${expressPathOf(route).replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}/?$`,
  ),
}));

/** The methods that the table knows for `path`. */
export function methodsOf(path: string): string[] {
  return pathPatterns.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
}

/** The client errors of Express and its body parsers carry `status` and `expose`. */
function statusOf(error: unknown): number | null {
  if (error instanceof HttpException) return error.getStatus();
  if (typeof error !== 'object' || error === null || !('status' in error)) return null;
  return typeof error.status === 'number' ? error.status : null;
}

function fromHttpStatus(status: number, error: unknown, path: string): ProblemError {
  if (status === 404) {
    const allowed = methodsOf(path);
    if (allowed.length === 0) return new ProblemError('request.notFound', 'There is no such path.');
    const headers = { Allow: allowed.join(', ') };
    const detail = `This path knows ${allowed.join(', ')}.`;
    return new ProblemError('request.methodNotAllowed', detail, { headers });
  }
  const detail = error instanceof Error ? error.message : 'The request was refused.';
  return new ProblemError(STATUS_CODES[status] ?? 'request.malformed', detail, { cause: error });
}

@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<Request>(), http.getResponse<Response>());
  }

  answer(error: unknown, request: Request, response: Response): void {
    const problem = this.#problemOf(error, request);
    if (problem.code === 'internal.error') {
      const requestId = requestIdOf(request);
      this.logger.error({ err: error, requestId, method: request.method }, 'request failed');
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    for (const [name, text] of Object.entries(problem.extras.headers ?? {})) {
      response.setHeader(name, text);
    }
    const { retryAfterSeconds } = problem.extras;
    if (retryAfterSeconds !== undefined) response.setHeader('Retry-After', retryAfterSeconds);
    if (problem.status === 503 && retryAfterSeconds === undefined) {
      response.setHeader('Retry-After', 2);
    }
    const { code, detail, extras } = problem;
    response
      .status(problem.status)
      .type(mediaTypes.problem)
      .send(
        JSON.stringify(problemOf({ ...extras, code, detail, requestId: requestIdOf(request) })),
      );
  }

  #problemOf(error: unknown, request: Request): ProblemError {
    const status = statusOf(error);
    const isClientError = status !== null && status >= 400 && status < 500;
    if (error instanceof ProblemError || !isClientError) return toProblem(error);
    return fromHttpStatus(status, error, request.path);
  }
}
