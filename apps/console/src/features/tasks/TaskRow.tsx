import { isFinished, type Task } from '@cairn/contracts';
import { Progress } from '@patternfly/react-core';
import type { ReactElement } from 'react';
import { Link } from 'react-router';

import { RelativeTime } from '../../components/RelativeTime';
import { StatusText } from '../../components/StatusLabel';
import { CancelTaskButton } from './actions/CancelTaskButton';
import { currentStep, progressLine, resourcePath, taskStatusView, taskTitle } from './taskView';

/** One task in the drawer. */
export function TaskRow({ task }: { readonly task: Task }): ReactElement {
  const path = resourcePath(task.resource);
  const title = taskTitle(task);
  const step = currentStep(task);
  return (
    <div className="task-row">
      <StatusText view={taskStatusView(task)} />
      <span className="task-row-title">
        {path === null ? title : <Link to={path}>{title}</Link>}
        {step && !task.error && <span className="subtle"> {step.message ?? step.name}</span>}
        {task.error && <span className="tone-danger"> {task.error.message}</span>}
      </span>
      <span className="task-row-progress">
        {!isFinished(task.state) && <TaskProgressBar task={task} />}
      </span>
      <span className="task-row-when subtle">
        {task.actor.name} · <RelativeTime iso={task.createdAt} />
      </span>
      <span className="task-row-actions">
        {!isFinished(task.state) && <CancelTaskButton task={task} />}
      </span>
    </div>
  );
}

/** A bar with its numbers; without a bar while the share is unknown. */
export function TaskProgressBar({ task }: { readonly task: Task }): ReactElement {
  const line = progressLine(task);
  if (task.progress.percent === null) return <span className="subtle">{line || 'Working …'}</span>;
  return (
    <span className="progress-with-line">
      <Progress
        value={task.progress.percent}
        measureLocation="none"
        size="sm"
        aria-label={`Progress of ${taskTitle(task)}`}
      />
      <span className="subtle">{line}</span>
    </span>
  );
}
