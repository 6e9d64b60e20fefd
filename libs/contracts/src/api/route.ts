/**
 * What one route of the API is, as data. The server checks permissions and parses requests from it, the OpenAPI document
 * and through it the client are generated from it.
 */
import { z } from 'zod';
import { mediaTypes, type MediaType } from './headers';
import { planSchema, dryRunQuerySchema } from './plan';
import { taskSchema } from './tasks';
import type { Permission } from './roles';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** `public` needs no credentials, `authenticated` any valid ones; otherwise the permission itself. */
export type Access = 'public' | 'authenticated' | Permission;

export type ObjectSchema = z.ZodObject;

/** A JSON body, or a body of another type with its description. */
export type Body = z.ZodType | { readonly mediaType: MediaType; readonly description: string };

export interface RouteResponse {
  readonly description: string;
  /** Null answers no body. */
  readonly body: Body | null;
}

export interface Route {
  readonly method: Method;
  /** Relative to the API prefix unless `root` is set; parameters in braces. */
  readonly path: `/${string}`;
  readonly root?: true;
  readonly summary: string;
  readonly tag: string;
  readonly access: Access;
  readonly params?: ObjectSchema;
  readonly query?: ObjectSchema;
  readonly request?: Body;
  readonly responses: Readonly<Record<number, RouteResponse>>;
  /** Accepts `?dryRun=true` and then answers 200 with a plan. */
  readonly dryRun?: true;
  /** Answers 202 with a task; `Prefer: wait=<seconds>` makes it wait for the end. */
  readonly task?: true;
  /** Accepts `If-Match` and answers `ETag`. */
  readonly etag?: true;
}

/** Responses of a route that works in a task and leaves nothing to fetch. */
export const taskResponses = {
  200: { description: 'The task finished within the preferred wait.', body: taskSchema },
  202: { description: 'The task works on it.', body: taskSchema },
} as const;

/** Responses of a creation that works in a task. */
export function taskCreates<Resource extends z.ZodType>(resource: Resource) {
  return {
    201: { description: 'It was made within the preferred wait.', body: resource },
    202: { description: 'The task makes it; `resource` of the task has its id.', body: taskSchema },
  } as const;
}

export function answers<Schema extends z.ZodType>(description: string, body: Schema) {
  return { 200: { description, body } } as const;
}

export function creates<Schema extends z.ZodType>(description: string, body: Schema) {
  return { 201: { description, body } } as const;
}

export const answersNothing = { 204: { description: 'Done.', body: null } } as const;

/** A schema, as opposed to a body of another media type. */
export function isSchema(body: Body): body is z.ZodType {
  return body instanceof z.ZodType;
}

export function mediaTypeOf(body: Body): MediaType {
  return isSchema(body) ? mediaTypes.json : body.mediaType;
}

/** The whole query of a route, with `dryRun` where it is accepted; strict, so an unknown parameter is refused. */
export function querySchemaOf(route: Route): ObjectSchema {
  const base: ObjectSchema = route.query ?? z.strictObject({});
  return route.dryRun === true ? base.extend(dryRunQuerySchema.shape) : base;
}

/** All responses of a route by status, with the plan of a dry run. */
export function responsesOf(route: Route): Readonly<Record<number, RouteResponse>> {
  if (route.dryRun !== true) return route.responses;
  const finished = route.responses[200];
  const plan = { description: 'The plan, when `dryRun` was asked for.', body: planSchema };
  if (finished === undefined) return { ...route.responses, 200: plan };
  const body =
    finished.body !== null && isSchema(finished.body)
      ? z.union([finished.body, planSchema])
      : planSchema;
  return { ...route.responses, 200: { description: `${finished.description} Or a plan.`, body } };
}
