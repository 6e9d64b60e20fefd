/** The route table: the single source for the server, the OpenAPI document, the client and the CLI. */
import type { z } from 'zod';
import type { Route } from './route';
import { apiTokenRoutes, sessionRoutes, userRoutes } from './routes/access-routes';
import { clusterRoutes, systemRoutes, taskRoutes } from './routes/cluster-routes';
import { imageRoutes, isoRoutes } from './routes/media-routes';
import { driveRoutes, volumeRoutes } from './routes/storage-routes';
import { vmRoutes } from './routes/vm-routes';
import { API_PREFIX } from './headers';

/** Every route by its operation id. */
export const routes = {
  ...clusterRoutes,
  ...driveRoutes,
  ...vmRoutes,
  ...volumeRoutes,
  ...imageRoutes,
  ...isoRoutes,
  ...taskRoutes,
  ...userRoutes,
  ...sessionRoutes,
  ...apiTokenRoutes,
  ...systemRoutes,
} as const satisfies Record<string, Route>;

export type Routes = typeof routes;
export type OperationId = keyof Routes;

/** The parsed path parameters of an operation. */
export type ParamsOf<Id extends OperationId> = Routes[Id] extends { params: infer Schema }
  ? z.output<Schema>
  : Readonly<Record<string, never>>;

/** The parsed JSON body of an operation. */
export type RequestOf<Id extends OperationId> = Routes[Id] extends {
  request: infer Schema extends z.ZodType;
}
  ? z.output<Schema>
  : undefined;

/** The path on the server, with the API prefix where it belongs and parameters in braces. */
export function fullPathOf(route: Route): string {
  return route.root === true ? route.path : `${API_PREFIX}${route.path}`;
}

/** Every route with its operation id, for loops. */
export function routeEntries(): readonly (readonly [OperationId, Route])[] {
  return Object.entries(routes) as [OperationId, Route][];
}
