/** Showing the progress of a task: a bar on a terminal, a line at each step elsewhere. */
import type { Task } from '@cairn/contracts';
import { clean } from './output';
import { formatSeconds, formatSize } from './units';
import { printLine, type World } from './world';

const BAR_WIDTH = 24;
const PERCENT_STEP = 10;

export interface Progress {
  readonly update: (task: Task) => void;
  /** Clears the bar, so that the result starts on a clean line. */
  readonly end: () => void;
}

export function createProgress(world: World): Progress {
  return world.stderr.isTTY === true ? barProgress(world) : lineProgress(world);
}

/** `[########----------------]  33%  1.0 GiB of 3.0 GiB, 0:12 left  convert` */
export function barOf(task: Task): string {
  const { percent, bytesDone, bytesTotal, etaSeconds } = task.progress;
  const filled = Math.round(((percent ?? 0) / 100) * BAR_WIDTH);
  const bar = `[${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}]`;
  const share = percent === null ? '  …' : `${Math.floor(percent)}%`.padStart(4);
  const bytes =
    bytesDone === null || bytesTotal === null
      ? ''
      : `  ${formatSize(bytesDone)} of ${formatSize(bytesTotal)}`;
  const left = etaSeconds === null ? '' : `, ${formatSeconds(etaSeconds)} left`;
  return `${bar} ${share}${bytes}${left}  ${stepOf(task)}`;
}

/** What the task does now: its running step, else its state. */
export function stepOf(task: Task): string {
  const running = task.steps.find((step) => step.state === 'running');
  return clean(running === undefined ? task.state : (running.message ?? running.name));
}

function barProgress(world: World): Progress {
  const clearLine = '\r\u001b[K';
  return {
    update: (task) => {
      const columns = world.stderr.columns ?? 80;
      world.stderr.write(`${clearLine}${barOf(task).slice(0, columns - 1)}`);
    },
    end: () => world.stderr.write(clearLine),
  };
}

function lineProgress(world: World): Progress {
  let last = '';
  return {
    update: (task) => {
      const percent = task.progress.percent ?? 0;
      const tenth = Math.floor(percent / PERCENT_STEP) * PERCENT_STEP;
      const line = `${task.kind}: ${stepOf(task)}${tenth === 0 ? '' : ` ${tenth}%`}`;
      if (line !== last) printLine(world.stderr, line);
      last = line;
    },
    end: () => undefined,
  };
}
