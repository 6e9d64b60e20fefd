/**
 * Writes the event stream into the query cache: a list that is on the screen changes within a second
 * of the cluster. Events older than what the cache holds are dropped, by revision.
 */
import type { CairnEvent, EventTopic, Task, UpsertEvent } from '@cairn/contracts';
import type { QueryClient } from '@tanstack/react-query';

import { keys } from './keys';

type Resource = UpsertEvent['resource'];
type ListTopic = Exclude<EventTopic, 'metrics' | 'cluster'>;

const listKeys: Readonly<Record<ListTopic, readonly string[]>> = {
  nodes: keys.nodes,
  drives: keys.drives,
  vms: keys.vms,
  volumes: keys.volumes,
  images: keys.images,
  isos: keys.isos,
  tasks: keys.tasks,
};

const tasksKept = 300;

/** What the cache needs to know of any resource. */
interface Versioned {
  readonly id: string;
  readonly revision: number;
}

/** Puts one event into the cache. `metrics` events do not belong here. */
export function applyEvent(cache: QueryClient, event: CairnEvent): void {
  switch (event.event) {
    case 'upsert':
      applyUpsert(cache, event);
      return;
    case 'delete':
      applyDelete(cache, event.topic, event.id);
      return;
    case 'taskProgress':
      cache.setQueryData<readonly Task[]>(keys.tasks, (tasks) =>
        tasks?.map((task) =>
          task.id === event.id
            ? { ...task, state: event.state, progress: event.progress, steps: event.steps }
            : task,
        ),
      );
      return;
    case 'resync':
      void cache.invalidateQueries();
      return;
    case 'metrics':
      return;
  }
}

function applyUpsert(cache: QueryClient, event: UpsertEvent): void {
  if (event.topic === 'cluster') {
    cache.setQueryData(keys.cluster, event.resource);
    return;
  }
  const { resource } = event;
  cache.setQueryData<readonly Resource[]>(listKeys[event.topic], (items) =>
    items === undefined ? items : withNewest(items, resource, event.topic === 'tasks'),
  );
  cache.setQueryData<Versioned>([...listKeys[event.topic], 'one', resource.id], (before) =>
    before === undefined || before.revision > resource.revision ? before : resource,
  );
  if (event.topic === 'drives') void cache.invalidateQueries({ queryKey: keys.driveCandidates });
}

function applyDelete(cache: QueryClient, topic: EventTopic, id: string): void {
  if (topic === 'metrics' || topic === 'cluster') return;
  cache.setQueryData<readonly Versioned[]>(listKeys[topic], (items) =>
    items?.filter((item) => item.id !== id),
  );
  cache.removeQueries({ queryKey: [...listKeys[topic], 'one', id] });
  if (topic === 'drives') void cache.invalidateQueries({ queryKey: keys.driveCandidates });
}

/** Replaces the item, or adds it: tasks in front, everything else at the end. */
export function withNewest<Item extends Versioned>(
  items: readonly Item[],
  item: Item,
  isNewestFirst: boolean,
): readonly Item[] {
  const at = items.findIndex((each) => each.id === item.id);
  if (at < 0) return isNewestFirst ? [item, ...items].slice(0, tasksKept) : [...items, item];
  if ((items[at]?.revision ?? 0) > item.revision) return items;
  return items.with(at, item);
}
