// Writes one audit entry for every operation that changes something, with its result, before the
// answer leaves. An entry that cannot be written is logged: the change itself has happened.
import {
  Inject,
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { routes, type OperationId, type Route } from '@cairn/contracts';
import type { Request } from 'express';
import type { Logger } from '@cairn/telemetry';
import { catchError, concatMap, from, map, throwError, type Observable } from 'rxjs';
import { operationOf } from '../platform/operation';
import { toProblem } from '../platform/problem';
import { actorOf, contextOf } from '../platform/request-context';
import { LOGGER } from '../platform/tokens';
import { AuditLog } from './audit-log';

/** Parts of an upload are not decisions of anybody; the announcement and the import are audited. */
const NOT_AUDITED: ReadonlySet<OperationId> = new Set(['uploadImageData', 'uploadIsoData']);

@Injectable()
export class AuditInterceptor implements NestInterceptor {
  constructor(
    private readonly auditLog: AuditLog,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const id = operationOf(context.getHandler());
    const request = context.switchToHttp().getRequest<Request>();
    const isDryRun = request.query['dryRun'] === 'true';
    const isRead = id === null || routes[id].method === 'get';
    if (isRead || isDryRun || NOT_AUDITED.has(id)) return next.handle();
    return next.handle().pipe(
      concatMap((value: unknown) => from(this.#append(id, request, null)).pipe(map(() => value))),
      catchError((error: unknown) =>
        from(this.#append(id, request, error)).pipe(concatMap(() => throwError(() => error))),
      ),
    );
  }

  async #append(id: OperationId, request: Request, error: unknown): Promise<void> {
    const context = contextOf(request);
    const actor = actorOf(context);
    const route: Route = routes[id];
    const problem = error === null ? null : toProblem(error);
    const isDenied = problem !== null && (problem.status === 401 || problem.status === 403);
    try {
      await this.auditLog.append({
        actorId: actor.id,
        actorName: id === 'createSession' ? attemptedNameOf(request) : actor.name,
        client: context.client,
        ip: context.ip,
        action: id,
        resourceKind: route.tag,
        resourceId: Object.values(request.params).at(-1)?.toString().slice(0, 64) ?? null,
        result: problem === null ? 'success' : isDenied ? 'denied' : 'failure',
        code: problem?.code ?? null,
        requestId: context.requestId,
        detail: null,
      });
    } catch (failure) {
      this.logger.error({ err: failure, action: id }, 'audit entry could not be written');
    }
  }
}

/** The name that somebody tries to log in with; passwords never get here. */
function attemptedNameOf(request: Request): string {
  const body: unknown = request.body;
  if (typeof body !== 'object' || body === null || !('userName' in body)) return '';
  return typeof body.userName === 'string' ? body.userName.slice(0, 128) : '';
}
