import { EngineError, FakeEngine, type Engine } from '@cairn/block-store';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EngineWatch } from './engine-watch';

const liveEngine = (): FakeEngine => new FakeEngine({ onEvent: () => undefined });

/** An engine whose thread can stop taking turns. */
function engineThat(call: () => Promise<never>): Engine {
  return { call, close: () => Promise.resolve() };
}

const hangs = (): Promise<never> =>
  Promise.reject(new EngineError('timed_out', 'no answer within 10000 ms'));
const refuses = (): Promise<never> => Promise.reject(new EngineError('busy', 'later'));

describe('the watch over the engine', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function watch(engine: Engine): { watch: EngineWatch; onSilent: ReturnType<typeof vi.fn> } {
    const onSilent = vi.fn();
    const made = new EngineWatch({ engine, everyMs: 5000, silentMsMax: 10_000, onSilent });
    made.start();
    return { watch: made, onSilent };
  }

  it('tells once of an engine that does not answer', async () => {
    const { onSilent } = watch(engineThat(hangs));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(onSilent).toHaveBeenCalledTimes(1);
  });

  it('is content with an engine that answers', async () => {
    const { watch: made, onSilent } = watch(liveEngine());
    await vi.advanceTimersByTimeAsync(60_000);
    made.stop();
    expect(onSilent).not.toHaveBeenCalled();
  });

  it('takes a refusal for an answer and asks again', async () => {
    const call = vi.fn(refuses);
    const { watch: made, onSilent } = watch(engineThat(call));
    await vi.advanceTimersByTimeAsync(26_000);
    made.stop();
    expect(call).toHaveBeenCalledTimes(5);
    expect(onSilent).not.toHaveBeenCalled();
  });

  it('says nothing after it was stopped', async () => {
    const { watch: made, onSilent } = watch(engineThat(hangs));
    made.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(onSilent).not.toHaveBeenCalled();
  });
});
