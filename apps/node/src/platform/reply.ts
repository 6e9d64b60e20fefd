// How a handler's value becomes an HTTP answer.
import {
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { routes, type Route } from '@cairn/contracts';
import type { Response } from 'express';
import { map, type Observable } from 'rxjs';
import { operationOf, successStatusOf } from './operation';

/** An answer that differs from the operation's plain one in status or headers. */
export class Reply {
  constructor(
    readonly status: number,
    readonly body: unknown,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {}
}

/** The ETag of a resource is its revision in quotes. */
export function etagOf(revision: number): string {
  return `"${revision}"`;
}

function revisionOf(body: unknown): number | null {
  if (typeof body !== 'object' || body === null || !('revision' in body)) return null;
  return typeof body.revision === 'number' ? body.revision : null;
}

@Injectable()
export class ReplyInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const id = operationOf(context.getHandler());
    if (id === null) return next.handle();
    const response = context.switchToHttp().getResponse<Response>();
    return next.handle().pipe(map((value: unknown) => this.#apply(routes[id], response, value)));
  }

  #apply(route: Route, response: Response, value: unknown): unknown {
    const reply = value instanceof Reply ? value : new Reply(successStatusOf(route), value);
    response.status(reply.status);
    for (const [name, text] of Object.entries(reply.headers)) response.setHeader(name, text);
    const revision = revisionOf(reply.body);
    if (route.etag === true && revision !== null) response.setHeader('ETag', etagOf(revision));
    return reply.body;
  }
}
