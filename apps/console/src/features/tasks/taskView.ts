/** Words, colours and progress of tasks. */
import {
  isFinished,
  type Task,
  type TaskKind,
  type TaskState,
  type TaskStep,
} from '@cairn/contracts';

import { formatBytes, formatDurationSeconds } from '../../components/format';
import {
  allowed,
  refused,
  type Permission,
  type StatusView,
  type Tone,
} from '../../components/tone';

const verbs: Readonly<Record<TaskKind, string>> = {
  'vm.create': 'Create VM',
  'vm.delete': 'Delete VM',
  'vm.start': 'Start',
  'vm.shutdown': 'Shut down',
  'vm.stop': 'Power off',
  'vm.reboot': 'Reboot',
  'vm.reset': 'Reset',
  'vm.pause': 'Pause',
  'vm.resume': 'Resume',
  'vm.diskAdd': 'Add disk to',
  'vm.diskResize': 'Resize disk of',
  'vm.diskRemove': 'Remove disk from',
  'vm.mediaInsert': 'Insert ISO into',
  'vm.mediaEject': 'Eject ISO from',
  'vm.nicAdd': 'Add network card to',
  'vm.nicRemove': 'Remove network card from',
  'drive.add': 'Add drive',
  'drive.remove': 'Remove drive',
  'image.import': 'Import image',
  'image.download': 'Download image',
  'image.buildDemo': 'Build demo image',
  'image.delete': 'Delete image',
  'iso.import': 'Import ISO',
  'iso.download': 'Download ISO',
  'iso.delete': 'Delete ISO',
};

/** "Import image debian-12". */
export function taskTitle(task: Pick<Task, 'kind' | 'resource'>): string {
  const name = task.resource?.name;
  return name ? `${verbs[task.kind]} ${name}` : verbs[task.kind];
}

const stateViews: Readonly<Record<TaskState, StatusView>> = {
  queued: { label: 'Waiting', tone: 'info' },
  running: { label: 'Running', tone: 'progress' },
  succeeded: { label: 'Done', tone: 'success' },
  failed: { label: 'Failed', tone: 'danger' },
  cancelled: { label: 'Cancelled', tone: 'warning' },
};

/** The state, with the error as its explanation. */
export function taskStatusView(task: Pick<Task, 'state' | 'error'>): StatusView {
  const view = stateViews[task.state];
  return task.error ? { ...view, detail: task.error.message } : view;
}

/** "42 % · 1.2 GiB of 2 GiB · 30 s left"; empty while nothing is known. */
export function progressLine(task: Pick<Task, 'progress'>): string {
  const { percent, bytesDone, bytesTotal, etaSeconds } = task.progress;
  const parts: string[] = [];
  if (percent !== null) parts.push(`${Math.floor(percent)} %`);
  if (bytesDone !== null && bytesTotal !== null && bytesTotal > 0) {
    parts.push(`${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}`);
  }
  if (etaSeconds !== null && etaSeconds >= 1) {
    parts.push(`${formatDurationSeconds(etaSeconds)} left`);
  }
  return parts.join(' · ');
}

/** The step that runs, or the one that failed. */
export function currentStep(task: Pick<Task, 'steps'>): TaskStep | null {
  return (
    task.steps.find((step) => step.state === 'running') ??
    task.steps.find((step) => step.state === 'failed') ??
    null
  );
}

export function stepTone(step: Pick<TaskStep, 'state'>): Tone {
  switch (step.state) {
    case 'succeeded':
      return 'success';
    case 'failed':
      return 'danger';
    case 'undone':
      return 'warning';
    case 'running':
      return 'progress';
    case 'pending':
    case 'skipped':
      return 'neutral';
  }
}

/** Seconds from start to end, or to now; null while it waits. */
export function taskDurationSeconds(
  task: Pick<Task, 'startedAt' | 'finishedAt'>,
  nowMs: number,
): number | null {
  if (task.startedAt === null) return null;
  const endMs = task.finishedAt === null ? nowMs : Date.parse(task.finishedAt);
  return Math.max(0, (endMs - Date.parse(task.startedAt)) / 1000);
}

/** Whether a task may be cancelled. */
export function mayCancel(task: Pick<Task, 'state' | 'cancellable'>): Permission {
  if (isFinished(task.state)) return refused('The task is finished');
  if (!task.cancellable) return refused('This step of the task can no longer be undone safely');
  return allowed;
}

/** Tasks that are not finished, the newest first. */
export function activeTasks(tasks: readonly Task[]): readonly Task[] {
  return tasks.filter((task) => !isFinished(task.state));
}

/** Where the thing a task works on is shown; null when it has no page. */
export function resourcePath(resource: Task['resource']): string | null {
  switch (resource?.kind) {
    case 'vm':
      return `/vms/${resource.id}`;
    case 'node':
      return `/nodes/${resource.id}`;
    case 'image':
      return '/images';
    case 'iso':
      return '/images?kind=isos';
    case 'drive':
      return '/drives';
    case 'volume':
      return '/volumes';
    default:
      return null;
  }
}
