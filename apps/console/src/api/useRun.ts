import { taskSchema, type Task } from '@cairn/contracts';
import { useQueryClient, type QueryClient } from '@tanstack/react-query';
import { createContext, useCallback, useContext } from 'react';

import { useNotify } from '../components/notices';
import { describeProblem } from '../components/problem';
import { withNewest } from './feed';
import { useGateway, type Gateway } from './gateway';
import { keys } from './keys';

/** Tasks that this page started; their outcome is announced. */
export class StartedTasks {
  private readonly ids = new Set<string>();

  add(id: string): void {
    this.ids.add(id);
  }

  /** True once for each task that was added. */
  take(id: string): boolean {
    return this.ids.delete(id);
  }
}

export const StartedTasksContext = createContext<StartedTasks>(new StartedTasks());

/** Runs one write. Resolves with its answer, or null after its refusal was shown. */
export type Run = <Answer>(
  what: string,
  call: (gateway: Gateway) => Promise<Answer>,
) => Promise<Answer | null>;

/**
 * Every write of the console goes through here: a task it answers appears in the drawer at once, a
 * refusal is shown in the API's words. `what` completes "Could not …".
 */
export function useRun(): Run {
  const gateway = useGateway();
  const cache = useQueryClient();
  const notify = useNotify();
  const started = useContext(StartedTasksContext);
  return useCallback(
    async (what, call) => {
      try {
        const answer = await call(gateway);
        const task = taskSchema.safeParse(answer);
        if (task.success) showTask(cache, started, task.data);
        return answer;
      } catch (error) {
        const problem = describeProblem(error);
        const detail = [problem.title, problem.detail, ...problem.items].filter(Boolean).join('. ');
        notify({ tone: 'danger', title: `Could not ${what}`, detail });
        return null;
      }
    },
    [gateway, cache, notify, started],
  );
}

/** Like `useRun`, for forms that show a refusal themselves: rejects instead. */
export function useSubmit(): <Answer>(
  call: (gateway: Gateway) => Promise<Answer>,
) => Promise<Answer> {
  const gateway = useGateway();
  const cache = useQueryClient();
  const started = useContext(StartedTasksContext);
  return useCallback(
    async (call) => {
      const answer = await call(gateway);
      const task = taskSchema.safeParse(answer);
      if (task.success) showTask(cache, started, task.data);
      return answer;
    },
    [gateway, cache, started],
  );
}

function showTask(cache: QueryClient, started: StartedTasks, task: Task): void {
  started.add(task.id);
  cache.setQueryData<readonly Task[]>(keys.tasks, (tasks) => withNewest(tasks ?? [], task, true));
}
