/** The engine as its host sees it. */
import type { EngineEvent, EngineMethod, EngineParams, EngineResult } from './engine-commands';

export interface EngineCallOptions {
  /** After this the call is rejected as `timed_out`; whether the command took effect is unknown then. */
  readonly timeoutMs?: number;
}

export const ENGINE_CALL_TIMEOUT_MS = 120_000;

export interface EngineOptions {
  /** Told of what the engine says unasked, on the event loop. */
  readonly onEvent: (event: EngineEvent) => void;
}

/**
 * One engine: stores, and volumes served over NBD. Commands run side by side; one that finds its object in the middle of
 * another command is refused as `busy`. Failures are EngineErrors.
 */
export interface Engine {
  call<M extends EngineMethod>(
    method: M,
    params: EngineParams<M>,
    options?: EngineCallOptions,
  ): Promise<EngineResult<M>>;
  /** Drains and detaches every volume, closes every store clean. The engine takes no calls afterwards. */
  close(): Promise<void>;
}

/** Work on descriptors that Node.js has no way to do. Failures are EngineErrors. */
export interface Descriptors {
  /** Makes a listening unix socket; the caller owns the descriptor. `busy` if somebody listens there. */
  listenUnix(path: string, mode: number): number;
  closeFd(fd: number): void;
  /** Sends lines of KEY=VALUE to the supervisor. `unsupported`: there is none. */
  notify(text: string): void;
  /** Gives the supervisor a copy of the descriptor, which outlives this process. */
  storeFd(name: string, fd: number): void;
  /** Makes the supervisor close its copies of that name. */
  removeFd(name: string): void;
  /** What the supervisor handed over at the start of this process. */
  inheritedFds(): readonly { readonly name: string; readonly fd: number }[];
}
