import { describe, expect, it } from 'vitest';

import { clusterFixture, nodeFixture } from '../../testing/fixtures';
import { attentions, capacityViews, clusterStatusView, isTrouble } from './clusterView';
import { firstSteps } from './firstStepsView';

const since = '2026-11-21T12:00:00.000Z';

describe('the health of the cluster', () => {
  it('has a word and a colour', () => {
    expect(clusterStatusView(clusterFixture({}))).toEqual({ label: 'Healthy', tone: 'success' });
  });

  it('says which node emulates in software, and why', () => {
    const [first] = attentions(clusterFixture({}), [nodeFixture({})]);
    expect(first).toMatchObject({ tone: 'warning', detail: 'There is no /dev/kvm.' });
  });

  it('tells good conditions from bad ones by their type', () => {
    const condition = (type: string, status: 'true' | 'false' | 'unknown') => ({
      type,
      status,
      reason: 'Test',
      message: '',
      since,
    });
    expect(isTrouble(condition('StorageReachable', 'true'))).toBe(false);
    expect(isTrouble(condition('StorageReachable', 'false'))).toBe(true);
    expect(isTrouble(condition('PoolNearFull', 'true'))).toBe(true);
    expect(isTrouble(condition('PoolNearFull', 'false'))).toBe(false);
    expect(isTrouble(condition('StorageReachable', 'unknown'))).toBe(true);
  });
});

describe('capacity', () => {
  it('shows what is used and what was promised', () => {
    expect(capacityViews(clusterFixture({})).map((view) => [view.headline, view.promise])).toEqual([
      ['25 % busy', '4 vCPUs on 8 threads'],
      ['8 GiB of 32 GiB', '6 GiB promised to VMs'],
      ['24 GiB of 96 GiB', '60 GiB promised to VMs'],
    ]);
  });

  it('says when more was promised than there is', () => {
    const { capacity } = clusterFixture({});
    const [, , storage] = capacityViews(
      clusterFixture({ capacity: { ...capacity, committedBytes: 2 * capacity.usableBytes } }),
    );
    expect(storage).toMatchObject({ isOvercommitted: true });
    expect(storage?.promise).toContain('more than there is');
  });

  it('does not draw a number that is not known', () => {
    const { compute, capacity } = clusterFixture({});
    const views = capacityViews(
      clusterFixture({
        compute: { ...compute, cpuUsedRatio: null, memoryUsedBytes: null },
        capacity: { ...capacity, usableBytes: 0, usedBytes: 0 },
      }),
    );
    expect(views.map((view) => view.headline)).toEqual([
      'not measured yet',
      'not measured yet',
      'no drive yet',
    ]);
  });
});

describe('the first steps', () => {
  it('have exactly one that is next', () => {
    const states = (drives: number, media: number, vms: number): readonly string[] =>
      firstSteps({ drives, media, vms }).map((step) => step.state);
    expect(states(0, 0, 0)).toEqual(['next', 'later', 'later']);
    expect(states(1, 0, 0)).toEqual(['done', 'next', 'later']);
    expect(states(1, 1, 1)).toEqual(['done', 'done', 'done']);
  });
});
