import type { CairnEvent, Task, Vm } from '@cairn/contracts';
import { QueryClient } from '@tanstack/react-query';
import { beforeEach, describe, expect, it } from 'vitest';

import { taskFixture, vmFixture } from '../testing/fixtures';
import { applyEvent } from './feed';
import { keys } from './keys';

const at = '2026-11-21T12:00:00.000Z';
const upsertVm = (vm: Vm): CairnEvent => ({
  event: 'upsert',
  topic: 'vms',
  id: vm.id,
  revision: vm.revision,
  at,
  resource: vm,
});

describe('applyEvent', () => {
  let cache: QueryClient;
  const vm = vmFixture({});
  const vms = (): readonly Vm[] | undefined => cache.getQueryData(keys.vms);

  beforeEach(() => {
    cache = new QueryClient();
    cache.setQueryData(keys.vms, [vm]);
    cache.setQueryData(keys.vm(vm.id), vm);
  });

  it('replaces a VM in the list and on its own page', () => {
    applyEvent(cache, upsertVm({ ...vm, name: 'web-2', revision: 8 }));
    expect(vms()?.[0]?.name).toBe('web-2');
    expect(cache.getQueryData<Vm>(keys.vm(vm.id))?.name).toBe('web-2');
  });

  it('drops news that are older than what is shown', () => {
    applyEvent(cache, upsertVm({ ...vm, name: 'old', revision: 6 }));
    expect(vms()?.[0]?.name).toBe('web-1');
    expect(cache.getQueryData<Vm>(keys.vm(vm.id))?.name).toBe('web-1');
  });

  it('adds a VM that somebody else made', () => {
    applyEvent(cache, upsertVm({ ...vm, id: '01934f2e-0000-7000-8000-000000000002' }));
    expect(vms()).toHaveLength(2);
  });

  it('does not invent a list that was never fetched', () => {
    cache.removeQueries();
    applyEvent(cache, upsertVm(vm));
    expect(vms()).toBeUndefined();
    expect(cache.getQueryData(keys.vm(vm.id))).toBeUndefined();
  });

  it('removes what was deleted', () => {
    applyEvent(cache, { event: 'delete', topic: 'vms', id: vm.id, revision: 9, at });
    expect(vms()).toEqual([]);
    expect(cache.getQueryData(keys.vm(vm.id))).toBeUndefined();
  });

  it('moves the progress of a task without touching the rest of it', () => {
    const task = taskFixture({});
    cache.setQueryData(keys.tasks, [task]);
    const progress = { ...task.progress, percent: 75 };
    applyEvent(cache, {
      event: 'taskProgress',
      topic: 'tasks',
      id: task.id,
      revision: 8,
      at,
      state: 'running',
      progress,
      steps: [],
    });
    expect(cache.getQueryData<readonly Task[]>(keys.tasks)).toEqual([{ ...task, progress }]);
  });

  it('fetches everything again after a gap in the stream', () => {
    applyEvent(cache, { event: 'resync', revision: 9, at, reason: 'gap' });
    expect(cache.getQueryState(keys.vms)?.isInvalidated).toBe(true);
  });
});
