/** Causes and errors in words. */
import { VmRuntimeError, type ShutdownOptions, type VmCause } from '../vm-runtime';

/** For the status of a VM; empty where there is nothing to say. */
export function describeCause(cause: VmCause): string {
  switch (cause.kind) {
    case 'process-exit':
      return cause.signal === null
        ? `QEMU ended with code ${cause.exitCode ?? '?'}`
        : `QEMU was ended by ${cause.signal}`;
    case 'guest-panic':
      return 'the guest panicked';
    case 'host-restarted':
      return 'the node restarted';
    case 'start-failed':
      return cause.message;
    default:
      return '';
  }
}

/** The guest did not do what it was asked for. */
export function unanswered(options: ShutdownOptions, message: string): VmRuntimeError {
  return options.signal?.aborted
    ? new VmRuntimeError('cancelled', message)
    : new VmRuntimeError('timed-out', `${message} after ${options.deadlineMs} ms`);
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => {
      resolve();
    });
  });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
