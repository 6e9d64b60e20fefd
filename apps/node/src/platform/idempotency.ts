// `Idempotency-Key`: the same key answers the same for 24 hours. The first request claims the key
// in the database, so two that race are told apart on any node; the answer is remembered when it
// succeeds. A refusal is not remembered: it changed nothing, and may be asked again.
import {
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { headers, idempotencyKeySchema, routes, type OperationId } from '@cairn/contracts';
import { IdempotencyKeyEntity, type IdempotencyKeyRow } from '@cairn/persistence';
import type { Request, Response } from 'express';
import { catchError, concatMap, from, of, throwError, type Observable } from 'rxjs';
import { canonicalJson } from '../audit/audit-chain';
import { Database } from './database';
import { sha256 } from './ids';
import { operationOf } from './operation';
import { ProblemError } from './problem';
import { Reply } from './reply';
import { contextOf } from './request-context';

const KEPT_MS = 24 * 3600 * 1000;
const KEPT_HEADERS = ['location', 'etag', 'preference-applied'];
/** After this long a claim whose service died in between may be taken over. */
const CLAIM_MS = 5 * 60 * 1000;

/** Answers with a secret in them are not written down: a repetition of these makes a new secret. */
const NOT_REMEMBERED: ReadonlySet<OperationId> = new Set([
  'createApiToken',
  'createUser',
  'resetPassword',
  'changePassword',
  'createConsoleTicket',
]);

interface Claim {
  readonly actorId: string;
  readonly key: string;
}

@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(private readonly database: Database) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const id = operationOf(context.getHandler());
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    const given = request.get(headers.idempotencyKey);
    const { caller } = contextOf(request);
    if (id === null || given === undefined || caller === null) return next.handle();
    if (routes[id].method !== 'post' || NOT_REMEMBERED.has(id)) return next.handle();
    const key = idempotencyKeySchema.safeParse(given);
    if (!key.success) {
      throw new ProblemError('request.malformed', `${headers.idempotencyKey} is not readable.`);
    }
    const claim = { actorId: caller.userId, key: key.data };
    const requestHash = sha256(`${request.originalUrl}\n${canonicalJson(request.body)}`);
    return from(this.#claim(claim, id, requestHash)).pipe(
      concatMap((remembered) =>
        remembered !== null
          ? of(remembered)
          : this.#perform(next, claim, http.getResponse<Response>()),
      ),
    );
  }

  #perform(next: CallHandler, claim: Claim, response: Response): Observable<unknown> {
    return next.handle().pipe(
      concatMap(async (value: unknown) => {
        await this.#remember(claim, value, response);
        return value;
      }),
      catchError((error: unknown) =>
        from(this.#forget(claim)).pipe(concatMap(() => throwError(() => error))),
      ),
    );
  }

  /** Null when the caller has the claim; the remembered answer otherwise. */
  async #claim(claim: Claim, route: string, requestHash: string): Promise<Reply | null> {
    const now = new Date();
    const expiresAt = new Date(now.getTime() + KEPT_MS);
    const row: IdempotencyKeyRow = {
      ...claim,
      route,
      requestHash,
      status: null,
      headers: {},
      body: null,
      createdAt: now,
      expiresAt,
    };
    return this.database.transaction(async (manager) => {
      await manager.query(
        `DELETE FROM idempotency_keys WHERE actor_id = $1 AND key = $2
           AND (expires_at < $3 OR (status IS NULL AND created_at < $4))`,
        [claim.actorId, claim.key, now, new Date(now.getTime() - CLAIM_MS)],
      );
      const inserted = await manager
        .createQueryBuilder()
        .insert()
        .into(IdempotencyKeyEntity)
        .values(row as never)
        .orIgnore()
        .returning('key')
        .execute();
      const isOurs = Array.isArray(inserted.raw) && inserted.raw.length > 0;
      if (isOurs) return null;
      const known = await manager.findOneByOrFail(IdempotencyKeyEntity, { ...claim });
      return rememberedReply(known, requestHash);
    });
  }

  async #remember(claim: Claim, value: unknown, response: Response): Promise<void> {
    const { status, body, kept } = answerOf(value, response);
    await this.database.read((manager) =>
      manager.update(IdempotencyKeyEntity, { ...claim }, {
        status,
        body: body ?? null,
        headers: kept,
      } as never),
    );
  }

  async #forget(claim: Claim): Promise<void> {
    await this.database
      .read((manager) => manager.delete(IdempotencyKeyEntity, { ...claim }))
      .catch(() => undefined);
  }

  /** Deletes what has expired; called now and then. */
  async prune(now: Date): Promise<void> {
    await this.database.read((manager) =>
      manager
        .createQueryBuilder()
        .delete()
        .from(IdempotencyKeyEntity)
        .where('expires_at < :now', { now })
        .execute(),
    );
  }
}

function rememberedReply(known: IdempotencyKeyRow, requestHash: string): Reply {
  if (known.requestHash !== requestHash) {
    throw new ProblemError(
      'request.idempotencyMismatch',
      'This key was used with another request in the last 24 hours.',
    );
  }
  if (known.status === null) {
    throw new ProblemError('rate.limited', 'The first request with this key is still running.', {
      retryAfterSeconds: 1,
    });
  }
  return new Reply(known.status, known.body, known.headers);
}

function answerOf(
  value: unknown,
  response: Response,
): { status: number; body: unknown; kept: Record<string, string> } {
  const reply = value instanceof Reply ? value : new Reply(response.statusCode, value);
  const kept: Record<string, string> = { ...reply.headers };
  for (const name of KEPT_HEADERS) {
    const header = response.getHeader(name);
    if (typeof header === 'string') kept[name] = header;
  }
  return { status: reply.status, body: reply.body, kept };
}
