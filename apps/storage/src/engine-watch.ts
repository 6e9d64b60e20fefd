/**
 * Watches that the engine's thread takes its turns. The daemon could answer for ever while the engine behind it hangs and the
 * guests wait; a restart of the process costs them a short stall, so a silent engine ends the process.
 */
import { EngineError, type Engine } from '@cairn/block-store';

export interface EngineWatchOptions {
  readonly engine: Engine;
  /** Between an answer and the next question. */
  readonly everyMs: number;
  /** An engine that has not answered for so long hangs. */
  readonly silentMsMax: number;
  /** Called once, from a timer; the watch has stopped by then. */
  readonly onSilent: () => void;
}

/** One question at a time; never keeps the process alive by itself. */
export class EngineWatch {
  private timer: NodeJS.Timeout | null = null;
  private stopped = false;

  constructor(private readonly options: EngineWatchOptions) {}

  start(): void {
    this.stopped = false;
    this.schedule();
  }

  stop(): void {
    this.stopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
  }

  private schedule(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => void this.ask(), this.options.everyMs);
    this.timer.unref();
  }

  private async ask(): Promise<void> {
    const { engine, silentMsMax, onSilent } = this.options;
    try {
      await engine.call('engine.stats', {}, { timeoutMs: silentMsMax });
    } catch (error) {
      const silent = error instanceof EngineError && error.kind === 'timed_out';
      if (silent && !this.stopped) {
        this.stop();
        onSilent();
        return;
      }
      // Any other answer is an answer: the thread lives.
    }
    this.schedule();
  }
}
