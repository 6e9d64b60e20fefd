/** Routes of the cluster, nodes, tasks, events, health and the API's own description. */
import { z } from 'zod';
import { clusterPatchSchema, clusterSchema } from '../cluster';
import { eventsQuerySchema } from '../events';
import { mediaTypes } from '../headers';
import { healthSchema, readinessSchema } from '../health';
import { listQuerySchema } from '../lists';
import { nodeListSchema, nodeSchema } from '../nodes';
import { guidSchema, idSchema } from '../primitives';
import { answers, type Route } from '../route';
import { taskListSchema, taskSchema, taskWaitQuerySchema } from '../tasks';

const nodeParams = z.strictObject({ nodeId: guidSchema });
const taskParams = z.strictObject({ taskId: idSchema });

export const clusterRoutes = {
  getCluster: {
    method: 'get',
    path: '/cluster',
    summary: 'Show the cluster',
    tag: 'Cluster',
    access: 'cluster:read',
    responses: answers('The cluster.', clusterSchema),
    etag: true,
  },
  updateCluster: {
    method: 'patch',
    path: '/cluster',
    summary: 'Rename the cluster',
    tag: 'Cluster',
    access: 'cluster:update',
    request: clusterPatchSchema,
    responses: answers('The changed cluster.', clusterSchema),
    etag: true,
  },
  listNodes: {
    method: 'get',
    path: '/nodes',
    summary: 'List nodes',
    tag: 'Nodes',
    access: 'nodes:read',
    query: listQuerySchema,
    responses: answers('A page of nodes.', nodeListSchema),
  },
  getNode: {
    method: 'get',
    path: '/nodes/{nodeId}',
    summary: 'Show a node',
    tag: 'Nodes',
    access: 'nodes:read',
    params: nodeParams,
    responses: answers('The node.', nodeSchema),
  },
} as const satisfies Record<string, Route>;

export const taskRoutes = {
  listTasks: {
    method: 'get',
    path: '/tasks',
    summary: 'List tasks, the newest first',
    tag: 'Tasks',
    access: 'tasks:read',
    query: listQuerySchema,
    responses: answers('A page of tasks.', taskListSchema),
  },
  getTask: {
    method: 'get',
    path: '/tasks/{taskId}',
    summary: 'Show a task, or wait for it',
    tag: 'Tasks',
    access: 'tasks:read',
    params: taskParams,
    query: taskWaitQuerySchema,
    responses: answers('The task.', taskSchema),
  },
  cancelTask: {
    method: 'post',
    path: '/tasks/{taskId}/actions/cancel',
    summary: 'Cancel a task; its steps are undone',
    tag: 'Tasks',
    access: 'tasks:cancel',
    params: taskParams,
    responses: answers('The task, which may still be undoing its steps.', taskSchema),
  },
} as const satisfies Record<string, Route>;

export const systemRoutes = {
  streamEvents: {
    method: 'get',
    path: '/events',
    summary: 'Watch what changes, as server-sent events',
    tag: 'Events',
    access: 'events:read',
    query: eventsQuerySchema,
    responses: {
      200: {
        description: 'An endless stream; the data of each event is an `Event`.',
        body: { mediaType: mediaTypes.events, description: 'Server-sent events.' },
      },
    },
  },
  getOpenApi: {
    method: 'get',
    path: '/openapi.json',
    summary: 'This document',
    tag: 'System',
    access: 'public',
    responses: answers('OpenAPI 3.1.', z.record(z.string(), z.unknown())),
  },
  getHealth: {
    method: 'get',
    path: '/healthz',
    root: true,
    summary: 'The process lives',
    tag: 'System',
    access: 'public',
    responses: answers('It does.', healthSchema),
  },
  getReadiness: {
    method: 'get',
    path: '/readyz',
    root: true,
    summary: 'Quorum, database and storage answer',
    tag: 'System',
    access: 'public',
    responses: {
      200: { description: 'They do.', body: readinessSchema },
      503: { description: 'They do not.', body: readinessSchema },
    },
  },
} as const satisfies Record<string, Route>;
