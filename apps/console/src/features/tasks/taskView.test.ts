import { taskKinds } from '@cairn/contracts';
import { describe, expect, it } from 'vitest';

import { taskFixture } from '../../testing/fixtures';
import {
  activeTasks,
  mayCancel,
  progressLine,
  taskDurationSeconds,
  taskStatusView,
  taskTitle,
} from './taskView';

describe('words of a task', () => {
  it.each(taskKinds)('names %s with its object', (kind) => {
    expect(taskTitle(taskFixture({ kind }))).toMatch(/^[A-Z].* debian-12$/);
  });

  it('says how far it is and how long it will take', () => {
    expect(progressLine(taskFixture({}))).toBe('50 % · 1 GiB of 2 GiB · 30 s left');
  });

  it('says nothing rather than something invented', () => {
    const progress = { percent: null, bytesDone: null, bytesTotal: null, etaSeconds: null };
    expect(progressLine({ progress })).toBe('');
  });

  it('explains a failure', () => {
    const error = { code: 'media.corrupt', message: 'The file is truncated.' } as const;
    expect(taskStatusView(taskFixture({ state: 'failed', error })).detail).toBe(
      'The file is truncated.',
    );
  });

  it('counts the time of a running task up to now', () => {
    const nowMs = Date.parse('2026-11-21T12:00:42.000Z');
    expect(taskDurationSeconds(taskFixture({}), nowMs)).toBe(42);
    expect(taskDurationSeconds(taskFixture({ startedAt: null }), nowMs)).toBeNull();
  });
});

describe('cancelling', () => {
  it('is refused for a finished task and for a step that can not be undone', () => {
    expect(mayCancel(taskFixture({ state: 'succeeded' })).kind).toBe('refused');
    expect(mayCancel(taskFixture({ cancellable: false })).kind).toBe('refused');
    expect(mayCancel(taskFixture({})).kind).toBe('allowed');
  });

  it('counts only what is not finished as active', () => {
    expect(activeTasks([taskFixture({}), taskFixture({ state: 'failed' })])).toHaveLength(1);
  });
});
