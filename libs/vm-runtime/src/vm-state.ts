/**
 * The life of a VM as a table. `VM_TRANSITIONS[state][input]` is the next state; a missing entry
 * means that the input has no meaning there. Inputs are facts (what QEMU or the kernel said) and
 * accepted requests; nothing else changes a state.
 */

export const VM_STATES = [
  'defined',
  'starting',
  'running',
  'paused',
  'io-suspended',
  'stopping',
  'stopped',
  'crashed',
  'migrating-out',
  'migrating-in',
  'unknown',
] as const;

/**
 * - `io-suspended`: a disk failed; the guest is stopped and resumes by itself.
 * - `unknown`: a process may be there that does not answer; nothing is started or killed until an
 *   operator's `stop` or the process' own answer resolves it.
 */
export type VmState = (typeof VM_STATES)[number];

export const VM_INPUTS = [
  'start-requested',
  'incoming-requested',
  'guest-runs',
  'guest-paused',
  'disk-failed',
  'stop-requested',
  'ended',
  'failed',
  'migration-started',
  'migration-cancelled',
  'migration-completed',
  'monitor-lost',
] as const;

export type VmInput = (typeof VM_INPUTS)[number];

export const VM_TRANSITIONS: Readonly<
  Record<VmState, Readonly<Partial<Record<VmInput, VmState>>>>
> = {
  defined: { 'start-requested': 'starting', 'incoming-requested': 'migrating-in' },
  starting: {
    'guest-runs': 'running',
    'guest-paused': 'paused',
    'disk-failed': 'io-suspended',
    'stop-requested': 'stopping',
    'monitor-lost': 'unknown',
    ended: 'stopped',
    failed: 'crashed',
  },
  running: {
    'guest-paused': 'paused',
    'disk-failed': 'io-suspended',
    'stop-requested': 'stopping',
    'migration-started': 'migrating-out',
    'monitor-lost': 'unknown',
    ended: 'stopped',
    failed: 'crashed',
  },
  paused: {
    'guest-runs': 'running',
    'stop-requested': 'stopping',
    'migration-started': 'migrating-out',
    'monitor-lost': 'unknown',
    ended: 'stopped',
    failed: 'crashed',
  },
  'io-suspended': {
    'guest-runs': 'running',
    'guest-paused': 'paused',
    'stop-requested': 'stopping',
    'monitor-lost': 'unknown',
    ended: 'stopped',
    failed: 'crashed',
  },
  stopping: { 'guest-runs': 'running', 'monitor-lost': 'unknown', ended: 'stopped' },
  stopped: { 'start-requested': 'starting', 'incoming-requested': 'migrating-in' },
  crashed: { 'start-requested': 'starting', 'incoming-requested': 'migrating-in' },
  'migrating-out': {
    'migration-cancelled': 'running',
    'migration-completed': 'stopped',
    'monitor-lost': 'unknown',
    ended: 'stopped',
    failed: 'crashed',
  },
  'migrating-in': {
    'guest-runs': 'running',
    'guest-paused': 'paused',
    'stop-requested': 'stopping',
    'monitor-lost': 'unknown',
    ended: 'stopped',
    failed: 'crashed',
  },
  unknown: {
    'guest-runs': 'running',
    'guest-paused': 'paused',
    'disk-failed': 'io-suspended',
    'stop-requested': 'stopping',
    ended: 'stopped',
    failed: 'crashed',
  },
};

/** The state after `input`, or `null` where the input has no meaning. */
export function nextVmState(state: VmState, input: VmInput): VmState | null {
  return VM_TRANSITIONS[state][input] ?? null;
}

/** States in which a QEMU process exists or may exist. */
export function hasProcess(state: VmState): boolean {
  return state !== 'defined' && state !== 'stopped' && state !== 'crashed';
}
