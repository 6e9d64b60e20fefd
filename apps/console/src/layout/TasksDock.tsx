import { Button } from '@patternfly/react-core';
import { useEffect, useRef, useState, useContext, type ReactElement } from 'react';
import { Link } from 'react-router';
import { isFinished, type Task } from '@cairn/contracts';

import { useTasks } from '../api/collections';
import { StartedTasksContext } from '../api/useRun';
import { AngleDownIcon, AngleUpIcon, TasksIcon } from '../components/icons';
import { useNotify } from '../components/notices';
import { ToneIcon } from '../components/StatusLabel';
import { TaskRow } from '../features/tasks/TaskRow';
import {
  activeTasks,
  progressLine,
  resourcePath,
  taskStatusView,
  taskTitle,
} from '../features/tasks/taskView';

const dockTasksMax = 30;

/** The tasks at the bottom of every page: one line while closed, a list while open. */
export function TasksDock(): ReactElement {
  const [isOpen, setOpen] = useState(false);
  const query = useTasks();
  const tasks = query.data ?? [];
  useAnnounceOutcomes(tasks);
  return (
    <section className={`tasks-dock ${isOpen ? 'is-open' : ''}`} aria-label="Tasks">
      <div className="tasks-dock-bar">
        <Button
          variant="plain"
          size="sm"
          className="tasks-dock-toggle"
          aria-expanded={isOpen}
          aria-controls="tasks-dock-list"
          icon={isOpen ? <AngleDownIcon /> : <AngleUpIcon />}
          onClick={() => setOpen(!isOpen)}
        >
          <TasksIcon aria-hidden /> Tasks
        </Button>
        <DockSummary tasks={tasks} isUnknown={query.data === undefined} />
        <span className="tasks-dock-gap" />
        <Link to="/tasks">All tasks</Link>
      </div>
      <div id="tasks-dock-list" className="tasks-dock-list" hidden={!isOpen} tabIndex={0}>
        {tasks.length === 0 ? (
          <p className="subtle tasks-dock-empty">
            Nothing has been done yet. Starting a VM or importing an image appears here, with its
            progress.
          </p>
        ) : (
          tasks.slice(0, dockTasksMax).map((task) => <TaskRow key={task.id} task={task} />)
        )}
      </div>
    </section>
  );
}

function DockSummary({
  tasks,
  isUnknown,
}: {
  readonly tasks: readonly Task[];
  readonly isUnknown: boolean;
}): ReactElement | null {
  if (isUnknown) return null;
  const active = activeTasks(tasks);
  const [first] = active;
  if (first) {
    const more = active.length > 1 ? ` and ${active.length - 1} more` : '';
    return (
      <span className="tasks-dock-summary" role="status">
        <ToneIcon tone="progress" /> {taskTitle(first)}
        {more}
        <span className="subtle"> {progressLine(first)}</span>
      </span>
    );
  }
  const [last] = tasks;
  if (!last) return <span className="tasks-dock-summary subtle">No task has run yet</span>;
  const view = taskStatusView(last);
  return (
    <span className="tasks-dock-summary subtle">
      <span className={`tone-${view.tone}`}>
        <ToneIcon tone={view.tone} />
      </span>{' '}
      Last: {taskTitle(last)}
    </span>
  );
}

/** Tells the outcome of the tasks that this page started, once each. */
function useAnnounceOutcomes(tasks: readonly Task[]): void {
  const notify = useNotify();
  const started = useContext(StartedTasksContext);
  const seen = useRef<readonly Task[]>([]);
  useEffect(() => {
    if (seen.current === tasks) return;
    seen.current = tasks;
    for (const task of tasks) {
      if (!isFinished(task.state) || !started.take(task.id)) continue;
      const path = resourcePath(task.resource);
      const isGone = task.kind.endsWith('.delete') || task.kind === 'drive.remove';
      notify({
        tone: noticeTone(task),
        title: `${taskTitle(task)}: ${taskStatusView(task).label.toLowerCase()}`,
        detail: task.error?.message ?? null,
        ...(path === null || isGone || (task.kind.startsWith('vm.') && task.state === 'succeeded')
          ? {}
          : { link: { label: 'Show', to: path } }),
      });
    }
  }, [tasks, notify, started]);
}

function noticeTone(task: Task): 'success' | 'danger' | 'warning' {
  if (task.state === 'failed') return 'danger';
  return task.state === 'cancelled' ? 'warning' : 'success';
}
