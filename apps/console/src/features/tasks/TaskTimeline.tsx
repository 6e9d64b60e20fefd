import { isFinished, type Task } from '@cairn/contracts';
import { ExpandableSection } from '@patternfly/react-core';
import type { ReactElement } from 'react';

import { formatDateTime, formatDurationSeconds } from '../../components/format';
import { useNowMs } from '../../components/RelativeTime';
import { StatusText, ToneIcon } from '../../components/StatusLabel';
import { CancelTaskButton } from './actions/CancelTaskButton';
import { TaskProgressBar } from './TaskRow';
import { stepTone, taskDurationSeconds, taskStatusView, taskTitle } from './taskView';

/** Tasks with their steps, one below the other. */
export function TaskTimeline({ tasks }: { readonly tasks: readonly Task[] }): ReactElement {
  return (
    <ol className="timeline">
      {tasks.map((task) => (
        <TimelineEntry key={task.id} task={task} />
      ))}
    </ol>
  );
}

function TimelineEntry({ task }: { readonly task: Task }): ReactElement {
  const duration = taskDurationSeconds(task, useNowMs());
  const took = duration === null ? '' : ` · ${formatDurationSeconds(duration)}`;
  return (
    <li className="timeline-entry">
      <div className="timeline-head">
        <StatusText view={taskStatusView(task)} />
        <strong>{taskTitle(task)}</strong>
        <span className="subtle">
          {formatDateTime(task.createdAt)} · {task.actor.name}
          {took}
        </span>
        {!isFinished(task.state) && <CancelTaskButton task={task} />}
      </div>
      {!isFinished(task.state) && <TaskProgressBar task={task} />}
      {task.error && <p className="tone-danger preserve-lines">{task.error.message}</p>}
      {task.steps.length > 0 && <StepList task={task} />}
    </li>
  );
}

/** The steps of a task; folded away once it has succeeded. */
export function StepList({ task }: { readonly task: Task }): ReactElement {
  if (task.state !== 'succeeded') return <Steps task={task} />;
  return (
    <ExpandableSection toggleText={`Steps (${task.steps.length})`} isIndented>
      <Steps task={task} />
    </ExpandableSection>
  );
}

function Steps({ task }: { readonly task: Task }): ReactElement {
  return (
    <ul className="step-list">
      {task.steps.map((step) => (
        <li key={step.name}>
          <span className={`tone-${stepTone(step)}`}>
            <ToneIcon tone={stepTone(step)} />
          </span>
          <span>
            {step.name}
            {step.message !== null && <span className="subtle"> {step.message}</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}
