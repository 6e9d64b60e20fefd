/**
 * Queries of everything that the console shows. Each collection is fetched once, page by page, and
 * then kept current by the event stream (`feed.ts`); nothing polls.
 */
import type {
  ApiToken,
  Cluster,
  Drive,
  DriveCandidate,
  Image,
  Iso,
  MetricsRange,
  Node,
  Page,
  Session,
  Task,
  User,
  Vm,
  VmMetrics,
  Volume,
} from '@cairn/contracts';
import { useQuery, type UseQueryResult } from '@tanstack/react-query';

import { useGateway } from './gateway';
import { keys } from './keys';

const pageLimit = '500';
/** A longer list is cut here: nobody reads on, and the browser must stay quick. */
const listItemsMax = 10_000;
const tasksShown = '200';

type PageQuery = Readonly<Record<string, string>>;

/** Fetches a list page by page, up to its bound. */
export async function fetchAll<Item>(
  fetchPage: (query: PageQuery) => Promise<Page<Item>>,
): Promise<readonly Item[]> {
  const items: Item[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<Item> = await fetchPage({
      limit: pageLimit,
      ...(cursor === null ? {} : { cursor }),
    });
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null && items.length < listItemsMax);
  return items;
}

function useList<Item>(
  key: readonly string[],
  fetchPage: (query: PageQuery, signal: AbortSignal) => Promise<Page<Item>>,
): UseQueryResult<readonly Item[]> {
  return useQuery({
    queryKey: key,
    queryFn: ({ signal }) => fetchAll((query) => fetchPage(query, signal)),
  });
}

export function useCluster(): UseQueryResult<Cluster> {
  const gateway = useGateway();
  return useQuery({
    queryKey: keys.cluster,
    queryFn: ({ signal }) => gateway.call('getCluster', { signal }),
  });
}

export function useVms(): UseQueryResult<readonly Vm[]> {
  const gateway = useGateway();
  return useList(keys.vms, (query, signal) => gateway.call('listVms', { query, signal }));
}

export function useVm(vmId: string): UseQueryResult<Vm> {
  const gateway = useGateway();
  return useQuery({
    queryKey: keys.vm(vmId),
    queryFn: ({ signal }) => gateway.call('getVm', { params: { vmId }, signal }),
  });
}

export function useNodes(): UseQueryResult<readonly Node[]> {
  const gateway = useGateway();
  return useList(keys.nodes, (query, signal) => gateway.call('listNodes', { query, signal }));
}

export function useNode(nodeId: string): UseQueryResult<Node> {
  const gateway = useGateway();
  return useQuery({
    queryKey: keys.node(nodeId),
    queryFn: ({ signal }) => gateway.call('getNode', { params: { nodeId }, signal }),
  });
}

export function useDrives(): UseQueryResult<readonly Drive[]> {
  const gateway = useGateway();
  return useList(keys.drives, (query, signal) => gateway.call('listDrives', { query, signal }));
}

/** Devices outside the pool. They are found by asking the node, so they are fetched on each visit. */
export function useDriveCandidates(): UseQueryResult<readonly DriveCandidate[]> {
  const gateway = useGateway();
  return useQuery({
    queryKey: keys.driveCandidates,
    queryFn: async ({ signal }) => (await gateway.call('listDriveCandidates', { signal })).items,
    staleTime: 0,
  });
}

export function useVolumes(): UseQueryResult<readonly Volume[]> {
  const gateway = useGateway();
  return useList(keys.volumes, (query, signal) => gateway.call('listVolumes', { query, signal }));
}

export function useImages(): UseQueryResult<readonly Image[]> {
  const gateway = useGateway();
  return useList(keys.images, (query, signal) => gateway.call('listImages', { query, signal }));
}

export function useIsos(): UseQueryResult<readonly Iso[]> {
  const gateway = useGateway();
  return useList(keys.isos, (query, signal) => gateway.call('listIsos', { query, signal }));
}

/** The newest tasks; older ones are history that the API pages through. */
export function useTasks(): UseQueryResult<readonly Task[]> {
  const gateway = useGateway();
  return useQuery({
    queryKey: keys.tasks,
    queryFn: async ({ signal }) =>
      (await gateway.call('listTasks', { query: { limit: tasksShown }, signal })).items,
  });
}

export function useUsers(): UseQueryResult<readonly User[]> {
  const gateway = useGateway();
  return useList(keys.users, (query, signal) => gateway.call('listUsers', { query, signal }));
}

export function useApiTokens(): UseQueryResult<readonly ApiToken[]> {
  const gateway = useGateway();
  return useList(keys.apiTokens, (query, signal) =>
    gateway.call('listApiTokens', { query, signal }),
  );
}

export function useSessions(): UseQueryResult<readonly Session[]> {
  const gateway = useGateway();
  return useList(keys.sessions, (query, signal) => gateway.call('listSessions', { query, signal }));
}

/** The history of one VM; the live end comes from the event stream. */
export function useVmMetrics(vmId: string, range: MetricsRange): UseQueryResult<VmMetrics> {
  const gateway = useGateway();
  return useQuery({
    queryKey: keys.vmMetrics(vmId, range),
    queryFn: ({ signal }) =>
      gateway.call('getVmMetrics', { params: { vmId }, query: { range }, signal }),
    staleTime: 30_000,
  });
}
