// Ties a controller method to its entry in the route table: the decorator takes method and path
// from the table, the guard its access rule, `@Input()` its schemas. Nothing is said twice.
import {
  applyDecorators,
  createParamDecorator,
  HttpCode,
  RequestMapping,
  RequestMethod,
  SetMetadata,
  type ExecutionContext,
} from '@nestjs/common';
import {
  fieldErrorsOf,
  fullPathOf,
  isSchema,
  mediaTypeOf,
  querySchemaOf,
  routes,
  type FieldError,
  type Method,
  type OperationId,
  type ParamsOf,
  type RequestOf,
  type Route,
  type Routes,
} from '@cairn/contracts';
import type { Request } from 'express';
import type { z } from 'zod';
import { ProblemError } from './problem';

const OPERATION_KEY = 'cairn:operation';

const REQUEST_METHODS: Readonly<Record<Method, RequestMethod>> = {
  get: RequestMethod.GET,
  post: RequestMethod.POST,
  put: RequestMethod.PUT,
  patch: RequestMethod.PATCH,
  delete: RequestMethod.DELETE,
};

/** The parsed query of an operation. */
export type QueryOf<Id extends OperationId> = (Routes[Id] extends {
  query: infer Schema extends z.ZodType;
}
  ? z.output<Schema>
  : unknown) &
  (Routes[Id] extends { dryRun: true } ? { readonly dryRun?: boolean } : unknown);

/** Everything a request of an operation says, parsed. */
export interface InputOf<Id extends OperationId> {
  readonly params: ParamsOf<Id>;
  readonly query: QueryOf<Id>;
  readonly body: RequestOf<Id>;
}

/** `{vmId}` in the table is `:vmId` in Express. */
export function expressPathOf(route: Route): string {
  return fullPathOf(route).replaceAll(/\{(\w+)\}/g, ':$1');
}

/** The status of a plain answer: the first success of the table that is not "accepted". */
export function successStatusOf(route: Route): number {
  const statuses = Object.keys(route.responses).map(Number);
  return statuses.find((status) => status < 300 && status !== 202) ?? 200;
}

/** Makes a controller method serve an operation of the route table. */
export function Operation(id: OperationId): MethodDecorator {
  const route: Route = routes[id];
  return applyDecorators(
    RequestMapping({ path: expressPathOf(route), method: REQUEST_METHODS[route.method] }),
    HttpCode(successStatusOf(route)),
    SetMetadata(OPERATION_KEY, id),
  );
}

/** The operation that a handler serves; null for handlers outside the table. */
export function operationOf(handler: object): OperationId | null {
  const id: unknown = Reflect.getMetadata(OPERATION_KEY, handler);
  return typeof id === 'string' && isOperationId(id) ? id : null;
}

function isOperationId(id: string): id is OperationId {
  return Object.hasOwn(routes, id);
}

/** Parses the request of the handler's operation; see InputOf. Throws `request.*` problems. */
export const Input = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const id = operationOf(context.getHandler());
  if (id === null) throw new Error('@Input() needs @Operation()');
  return parseRequest(routes[id], context.switchToHttp().getRequest<Request>());
});

/** Parses params, query and body, and reports everything that is wrong with them at once. */
export function parseRequest(
  route: Route,
  request: Request,
): { params: unknown; query: unknown; body: unknown } {
  const errors: FieldError[] = [];
  const take = (schema: z.ZodType, value: unknown): unknown => {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    errors.push(...fieldErrorsOf(parsed.error));
    return undefined;
  };
  const params = route.params === undefined ? {} : take(route.params, { ...request.params });
  const query = take(querySchemaOf(route), { ...request.query });
  const body = takeBody(route, request, take);
  if (errors.length > 0) {
    throw new ProblemError('request.invalid', summaryOf(errors), { errors });
  }
  return { params, query, body };
}

function takeBody(
  route: Route,
  request: Request,
  take: (schema: z.ZodType, value: unknown) => unknown,
): unknown {
  const declared = route.request;
  if (declared === undefined) {
    if (hasBody(request)) refuseUnlessEmpty(request.body);
    return undefined;
  }
  if (!isSchema(declared)) {
    refuseOtherMediaType(request, [mediaTypeOf(declared)]);
    return undefined;
  }
  if (hasBody(request)) {
    const accepted = ['application/json'];
    if (route.method === 'patch') accepted.push('application/merge-patch+json');
    refuseOtherMediaType(request, accepted);
  }
  const body: unknown = request.body;
  const isOptional = body === undefined && declared.safeParse({}).success;
  return take(declared, isOptional ? {} : body);
}

function hasBody(request: Request): boolean {
  const length = request.headers['content-length'];
  return request.headers['transfer-encoding'] !== undefined || (length ?? '0') !== '0';
}

function refuseUnlessEmpty(body: unknown): void {
  const isEmpty =
    body === undefined || (typeof body === 'object' && body !== null && keyCount(body) === 0);
  if (isEmpty) return;
  throw new ProblemError('request.invalid', 'This operation takes no body.', {
    errors: [{ path: '', code: 'unknownField', message: 'This operation takes no body.' }],
  });
}

function keyCount(body: object): number {
  return Object.keys(body).length;
}

function refuseOtherMediaType(request: Request, accepted: readonly string[]): void {
  const given = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (accepted.includes(given)) return;
  throw new ProblemError(
    'request.unsupportedMediaType',
    `The content type must be ${accepted.join(' or ')}.`,
  );
}

function summaryOf(errors: readonly FieldError[]): string {
  const [first] = errors;
  if (first === undefined) return 'The request breaks a rule.';
  const place = first.path === '' ? '' : `${first.path}: `;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return `${place}${first.message}${more}`;
}
