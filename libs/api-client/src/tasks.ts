/** Following a task to its end. */
import { isFinished, type Task } from '@cairn/contracts';
import { unwrap, type CairnClient } from './client';
import { ApiError, TaskFailedError, UnreachableError } from './errors';
import { backoffMs, sleep as realSleep, type Sleep } from './wait';

export interface WaitOptions {
  readonly signal?: AbortSignal;
  /** Called with every state that is seen, the last one included. */
  readonly onProgress?: (task: Task) => void;
  /** So many failures in a row to reach the server are forgiven; it may be restarting. Default 12, about a minute. */
  readonly failuresMax?: number;
  readonly sleep?: Sleep;
}

/** The server holds its answer so long, or until the task is finished. */
const POLL_SECONDS = 1;
const POLL_GAP_MS = 100;

/** Resolves with the finished task, whatever its end. */
export async function waitForTask(
  client: CairnClient,
  taskId: string,
  options: WaitOptions = {},
): Promise<Task> {
  const sleep = options.sleep ?? realSleep;
  const failuresMax = options.failuresMax ?? 12;
  let failures = 0;
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      const task = await fetchTask(client, taskId, options.signal);
      failures = 0;
      options.onProgress?.(task);
      if (isFinished(task.state)) return task;
      await sleep(POLL_GAP_MS, options.signal);
    } catch (error) {
      failures += 1;
      if (!mayPass(error) || failures > failuresMax) throw error;
      await sleep(backoffMs(failures), options.signal);
    }
  }
}

/** Like `waitForTask`, but throws `TaskFailedError` unless the task succeeded. */
export async function succeed(
  client: CairnClient,
  taskId: string,
  options: WaitOptions = {},
): Promise<Task> {
  const task = await waitForTask(client, taskId, options);
  if (task.state !== 'succeeded') throw new TaskFailedError(task);
  return task;
}

/** An error that a restart of the service explains. */
export function mayPass(error: unknown): boolean {
  if (error instanceof UnreachableError) return true;
  if (!(error instanceof ApiError)) return false;
  return error.status === 502 || error.status === 503 || error.status === 429;
}

async function fetchTask(client: CairnClient, taskId: string, signal: AbortSignal | undefined) {
  return unwrap(
    await client.GET('/api/v1/tasks/{taskId}', {
      params: { path: { taskId }, query: { waitSeconds: POLL_SECONDS } },
      ...(signal === undefined ? {} : { signal }),
    }),
  );
}
