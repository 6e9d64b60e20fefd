import type { EventTopic } from '@cairn/contracts';
import { useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useState, useSyncExternalStore } from 'react';

import { applyEvent } from './feed';
import { useGateway, type FeedState } from './gateway';
import { noLoad, SampleStore, type ClusterLoad, type VmSeries } from './samples';

const topics: readonly EventTopic[] = [
  'cluster',
  'nodes',
  'drives',
  'vms',
  'volumes',
  'images',
  'isos',
  'tasks',
  'metrics',
];

/** The live state of the page: the event stream's own state, and the samples it brought. */
export interface Live {
  readonly feed: FeedState;
  readonly samples: SampleStore;
}

export const LiveContext = createContext<Live | null>(null);

/** Follows the event stream for as long as the component is on the page. Use it once, at the top. */
export function useFollowEvents(): Live {
  const gateway = useGateway();
  const cache = useQueryClient();
  const [feed, setFeed] = useState<FeedState>({ kind: 'connecting' });
  const [samples] = useState(() => new SampleStore());
  useEffect(() => {
    const stop = new AbortController();
    gateway.watch({
      topics,
      signal: stop.signal,
      onState: (state) => {
        if (stop.signal.aborted) return;
        // What was fetched before the stream opened may have missed a change.
        if (state.kind === 'live') void cache.invalidateQueries();
        setFeed(state);
      },
      onEvent: (event) => {
        if (event.event === 'metrics') {
          samples.add(event.id, Date.parse(event.at) / 1000, event.sample);
          return;
        }
        if (event.event === 'delete' && event.topic === 'vms') samples.forget(event.id);
        applyEvent(cache, event);
      },
    });
    return () => stop.abort();
  }, [gateway, cache, samples]);
  return { feed, samples };
}

const never = (): (() => void) => () => undefined;
const emptySeries: VmSeries = {};

/** The state of the event stream. */
export function useFeedState(): FeedState {
  return useContext(LiveContext)?.feed ?? { kind: 'connecting' };
}

/** The recent samples of one VM. */
export function useVmSeries(vmId: string): VmSeries {
  const samples = useContext(LiveContext)?.samples;
  return useSyncExternalStore(
    samples?.subscribe ?? never,
    () => samples?.getSeries(vmId) ?? emptySeries,
  );
}

/** What all running VMs do together. */
export function useClusterLoad(): ClusterLoad {
  const samples = useContext(LiveContext)?.samples;
  return useSyncExternalStore(samples?.subscribe ?? never, samples?.getLoad ?? (() => noLoad));
}
