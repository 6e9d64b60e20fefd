import type { Task } from '@cairn/contracts';
import type { ReactElement } from 'react';

import { useMay } from '../../../api/session';
import { useRun } from '../../../api/useRun';
import { GuardedButton } from '../../../components/GuardedButton';
import { refusalReason } from '../../../components/tone';
import { mayCancel, taskTitle } from '../taskView';

/** Cancels a task; its steps are undone by the service. */
export function CancelTaskButton({ task }: { readonly task: Task }): ReactElement | null {
  const run = useRun();
  const may = useMay();
  if (!may('tasks:cancel')) return null;
  return (
    <GuardedButton
      variant="link"
      size="sm"
      isInline
      aria-label={`Cancel: ${taskTitle(task)}`}
      disabledReason={refusalReason(mayCancel(task))}
      onClick={() =>
        void run(`cancel “${taskTitle(task)}”`, (gateway) =>
          gateway.call('cancelTask', { params: { taskId: task.id } }),
        )
      }
    >
      Cancel
    </GuardedButton>
  );
}
