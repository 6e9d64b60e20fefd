/** The routes of the control API (libs/contracts, storage-control): parse, call one service method, answer. */
import { StorageError, type OperationCounters, type VolumeStats } from '@cairn/block-store';
import {
  engineVolumeIdSchema,
  guidSchema,
  storageDriveAddSchema,
  storageVolumeAttachSchema,
  storageVolumeCreateSchema,
  storageVolumeResizeSchema,
  type StorageDriveList,
  type StorageOperationStats,
  type StorageStatus,
  type StorageVolumeStats,
} from '@cairn/contracts';
import type { DriveCandidates } from '../drives/drive-candidates';
import type { DriveService } from '../drives/drive-service';
import type { VolumeService } from '../volumes/volume-service';

export interface Services {
  readonly status: () => Promise<StorageStatus>;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly drives: DriveService;
  readonly candidates: DriveCandidates;
  readonly volumes: VolumeService;
  /** False until the drives and volumes were opened, and while the daemon drains. */
  readonly serves: () => boolean;
}

export type Reply =
  | { readonly kind: 'json'; readonly body: unknown; readonly status?: number }
  | { readonly kind: 'text'; readonly body: string; readonly contentType: string }
  | { readonly kind: 'nothing' };

export interface ControlRequest {
  readonly id: string;
  readonly body: unknown;
}

interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** `:id` stands for one segment. */
  readonly path: string;
  /** Answered while the daemon starts or drains, too. */
  readonly always?: boolean;
  readonly handle: (services: Services, request: ControlRequest) => Promise<Reply>;
}

const json = (body: unknown): Reply => ({ kind: 'json', body });
const NOTHING: Reply = { kind: 'nothing' };

const routes: readonly Route[] = [
  {
    method: 'GET',
    path: '/healthz',
    always: true,
    handle: ({ serves }) => {
      const body = { serving: serves() };
      return Promise.resolve({ kind: 'json', body, status: body.serving ? 200 : 503 });
    },
  },
  {
    method: 'GET',
    path: '/metrics',
    always: true,
    handle: async ({ metrics }) => {
      const { contentType, text } = await metrics();
      return { kind: 'text', body: text, contentType };
    },
  },
  {
    method: 'GET',
    path: '/v1/status',
    always: true,
    handle: async ({ status }) => json(await status()),
  },
  {
    method: 'GET',
    path: '/v1/drives',
    handle: async ({ drives, candidates }) => {
      const list: StorageDriveList = {
        items: [...(await drives.list())],
        candidates: [...(await candidates.list(drives.paths()))],
        fileDirectory: candidates.fileDirectory,
        fileDirectoryFreeBytes: await candidates.fileDirectoryFreeBytes(),
      };
      return json(list);
    },
  },
  {
    method: 'POST',
    path: '/v1/drives',
    handle: async ({ drives }, { body }) =>
      json(await drives.add(storageDriveAddSchema.parse(body))),
  },
  {
    method: 'DELETE',
    path: '/v1/drives/:id',
    handle: async ({ drives }, { id }) => {
      await drives.remove(guidSchema.parse(id));
      return NOTHING;
    },
  },
  {
    method: 'GET',
    path: '/v1/volumes',
    handle: async ({ volumes }) => json({ items: await volumes.list() }),
  },
  {
    method: 'POST',
    path: '/v1/volumes',
    handle: async ({ volumes }, { body }) =>
      json(await volumes.create(storageVolumeCreateSchema.parse(body))),
  },
  {
    method: 'GET',
    path: '/v1/volumes/:id',
    handle: async ({ volumes }, { id }) => json(await volumes.get(engineVolumeIdSchema.parse(id))),
  },
  {
    method: 'DELETE',
    path: '/v1/volumes/:id',
    handle: async ({ volumes }, { id }) => {
      await volumes.delete(engineVolumeIdSchema.parse(id));
      return NOTHING;
    },
  },
  {
    method: 'POST',
    path: '/v1/volumes/:id/attach',
    handle: async ({ volumes }, { id, body }) => {
      const attach = storageVolumeAttachSchema.parse(body);
      return json(await volumes.attach(engineVolumeIdSchema.parse(id), attach));
    },
  },
  {
    method: 'POST',
    path: '/v1/volumes/:id/detach',
    handle: async ({ volumes }, { id }) => {
      await volumes.detach(engineVolumeIdSchema.parse(id));
      return NOTHING;
    },
  },
  {
    method: 'POST',
    path: '/v1/volumes/:id/resize',
    handle: async ({ volumes }, { id, body }) => {
      const { sizeBytes } = storageVolumeResizeSchema.parse(body);
      return json(await volumes.resize(engineVolumeIdSchema.parse(id), sizeBytes));
    },
  },
  {
    method: 'GET',
    path: '/v1/volumes/:id/stats',
    handle: async ({ volumes }, { id }) =>
      json(statsOf(await volumes.stats(engineVolumeIdSchema.parse(id)))),
  },
];

/** Finds the route and answers. Throws what the services throw, and not_found for an unknown route. */
export async function handle(
  services: Services,
  request: { readonly method: string; readonly path: string; readonly body: unknown },
): Promise<Reply> {
  for (const route of routes) {
    const id = route.method === request.method ? match(route.path, request.path) : null;
    if (id === null) continue;
    if (route.always !== true && !services.serves()) {
      throw new StorageError('unavailable', 'the storage daemon is starting or stopping');
    }
    return route.handle(services, { id, body: request.body });
  }
  throw new StorageError('not_found', `there is no ${request.method} ${request.path}`);
}

/** The id in `path`, '' if the route has none, null if it is another route. */
function match(pattern: string, path: string): string | null {
  const [expected, actual] = [pattern.split('/'), path.split('/')];
  if (expected.length !== actual.length) return null;
  let id = '';
  for (const [index, segment] of expected.entries()) {
    const given = actual[index] ?? '';
    if (segment === ':id') id = given;
    else if (segment !== given) return null;
  }
  return id;
}

function statsOf(stats: VolumeStats): StorageVolumeStats {
  return {
    id: stats.volumeId,
    usedBytes: stats.allocatedBytes,
    connections: stats.connectionsCount,
    requestsInFlight: stats.requestsInFlightCount,
    read: operationOf(stats.read),
    write: operationOf(stats.write),
    flush: operationOf(stats.flush),
    trim: operationOf(stats.trim),
  };
}

function operationOf(counters: OperationCounters): StorageOperationStats {
  return {
    operations: counters.operationsCount,
    bytes: counters.bytes,
    errors: counters.errorsCount,
    seconds: counters.latencyNsSum / 1e9,
    latencyCounts: counters.latencyCounts,
  };
}
