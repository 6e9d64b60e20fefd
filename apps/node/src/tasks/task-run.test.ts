import type { TaskRow } from '@cairn/persistence';
import { createLogger } from '@cairn/telemetry';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { DatabaseUnavailableError } from '../platform/database';
import { ProblemError } from '../platform/problem';
import type { TaskDefinition, TaskStep } from './task-definition';
import { TaskRun, type TaskRecords } from './task-run';
import type { TaskPatch } from './task-store';

type Steps = readonly TaskStep<unknown, { made?: string | undefined }>[];

const logger = createLogger({ name: 'test', level: 'silent' });

function definitionOf(steps: Steps): TaskDefinition<unknown, { made?: string | undefined }> {
  return {
    kind: 'vm.create',
    cancellable: true,
    onOwnerLost: 'undo',
    queueKey: () => null,
    parseParams: (value) => value,
    parseCheckpoint: (value) => z.object({ made: z.string() }).partial().parse(value),
    steps,
  };
}

function rowOf(steps: Steps, patch: Partial<TaskRow> = {}): TaskRow {
  const now = new Date();
  return {
    id: 't',
    kind: 'vm.create',
    state: 'queued',
    resourceKind: null,
    resourceId: null,
    resourceName: null,
    parentId: null,
    actorKind: 'system',
    actorId: null,
    actorName: 'system',
    ownerNodeId: 'n',
    cancellable: true,
    cancelRequested: false,
    percent: 0,
    bytesDone: null,
    bytesTotal: null,
    steps: steps.map(({ name }) => ({
      name,
      state: 'pending',
      message: null,
      startedAt: null,
      finishedAt: null,
    })),
    params: {},
    checkpoint: {},
    error: null,
    createdAt: now,
    startedAt: null,
    finishedAt: null,
    updatedAt: now,
    revision: 1,
    ...patch,
  };
}

/** Keeps what a run writes; can play a database that is down for a while. */
class Recorder implements TaskRecords {
  row: TaskRow;
  progressCount = 0;
  outages = 0;

  constructor(row: TaskRow) {
    this.row = row;
  }

  async update(_id: string, patch: TaskPatch, kind: 'upsert' | 'taskProgress'): Promise<void> {
    if (this.outages > 0) {
      this.outages -= 1;
      throw new DatabaseUnavailableError(new Error('down'));
    }
    if (kind === 'taskProgress') this.progressCount += 1;
    this.row = { ...this.row, ...patch };
    return Promise.resolve();
  }

  async saveCheckpoint(_id: string, checkpoint: Record<string, unknown>): Promise<void> {
    this.row = { ...this.row, checkpoint };
    return Promise.resolve();
  }
}

function setUp(steps: Steps, patch?: Partial<TaskRow>) {
  const recorder = new Recorder(rowOf(steps, patch));
  const run = new TaskRun(definitionOf(steps), recorder.row, recorder, logger);
  return { recorder, run };
}

describe('a task run', () => {
  it('runs its steps in order and ends at 100 percent', async () => {
    const seen: string[] = [];
    const step = (name: string): Steps[number] => ({
      name,
      run: async () => Promise.resolve(void seen.push(name)),
    });
    const { recorder, run } = setUp([step('a'), step('b')]);
    expect(await run.forward()).toBe('succeeded');
    expect(seen).toEqual(['a', 'b']);
    expect(recorder.row).toMatchObject({ state: 'succeeded', percent: 100 });
    expect(recorder.row.steps.map(({ state }) => state)).toEqual(['succeeded', 'succeeded']);
  });

  it('undoes what it has done, last first, when a step fails', async () => {
    const undone: string[] = [];
    const undo = (name: string) => async (): Promise<void> =>
      Promise.resolve(void undone.push(name));
    const steps: Steps = [
      { name: 'a', run: async ({ save }) => save({ made: 'volume' }), undo: undo('a') },
      {
        name: 'b',
        run: async () => Promise.reject(new ProblemError('storage.full', 'No room.')),
        undo: async ({ checkpoint }, cause) =>
          Promise.resolve(void undone.push(`b ${checkpoint.made ?? ''} ${cause.code}`)),
      },
      { name: 'c', run: async () => Promise.resolve(), undo: undo('c') },
    ];
    const { recorder, run } = setUp(steps);
    expect(await run.forward()).toBe('failed');
    expect(undone).toEqual(['b volume storage.full', 'a']);
    expect(recorder.row.error).toEqual({ code: 'storage.full', message: 'No room.' });
    expect(recorder.row.steps.map(({ state }) => state)).toEqual(['undone', 'undone', 'pending']);
  });

  it('tries an undo again that fails', async () => {
    let attempts = 0;
    const steps: Steps = [
      {
        name: 'a',
        run: async () => Promise.reject(new Error('bug')),
        undo: async () => {
          attempts += 1;
          return attempts < 2 ? Promise.reject(new Error('not yet')) : Promise.resolve();
        },
      },
    ];
    const { recorder, run } = setUp(steps);
    expect(await run.forward()).toBe('failed');
    expect(attempts).toBe(2);
    expect(recorder.row.error?.code).toBe('internal.error');
  });

  it('is cancelled in the middle of a step and undone', async () => {
    const steps: Steps = [
      {
        name: 'a',
        run: async ({ signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(new Error('aborted')));
          }),
      },
    ];
    const { recorder, run } = setUp(steps);
    const outcome = run.forward();
    await new Promise((resolve) => setImmediate(resolve));
    run.abort('cancelled');
    expect(await outcome).toBe('cancelled');
    expect(recorder.row.state).toBe('cancelled');
  });

  it('stays open when the service stops, and goes on at the step it was in', async () => {
    let runs = 0;
    const steps: Steps = [
      { name: 'a', run: async () => Promise.resolve() },
      {
        name: 'b',
        run: async ({ signal }) => {
          runs += 1;
          if (runs > 1) return;
          await new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(new Error('aborted')));
          });
        },
      },
    ];
    const { recorder, run } = setUp(steps);
    const outcome = run.forward();
    await new Promise((resolve) => setTimeout(resolve, 5));
    run.abort('serviceStops');
    expect(await outcome).toBe('open');
    expect(recorder.row.state).toBe('running');
    const next = new TaskRun(definitionOf(steps), recorder.row, recorder, logger);
    expect(await next.forward()).toBe('succeeded');
    expect(runs).toBe(2);
  });

  it('outlives a database that is away for a while', async () => {
    const { recorder, run } = setUp([{ name: 'a', run: async () => Promise.resolve() }]);
    recorder.outages = 2;
    expect(await run.forward()).toBe('succeeded');
    expect(recorder.row.state).toBe('succeeded');
  });

  it('publishes progress at most twice a second', async () => {
    const steps: Steps = [
      {
        name: 'a',
        run: async ({ progress }) => {
          for (let bytesDone = 1; bytesDone <= 200; bytesDone += 1) {
            progress({ bytesDone, bytesTotal: 200 });
            await new Promise((resolve) => setTimeout(resolve, 3));
          }
        },
      },
    ];
    const { recorder, run } = setUp(steps);
    await run.forward();
    expect(recorder.progressCount).toBeGreaterThan(0);
    expect(recorder.progressCount).toBeLessThanOrEqual(4);
  });
});
