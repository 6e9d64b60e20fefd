/**
 * Watching what changes in the cluster.
 *
 * `watchEvents` reconnects by itself and goes on where it was; a gap shows as a `resync` event, after which the caller must
 * fetch again what it holds. An event that this build cannot read becomes a `resync` too, so a newer server never leaves
 * an older client with stale data.
 */
import {
  eventSchema,
  headers as headerNames,
  limits,
  type CairnEvent,
  type EventTopic,
} from '@cairn/contracts';
import type { CairnClient } from './client';
import { ApiError, isAbort } from './errors';
import { SseParser, type SseMessage } from './sse';
import { mayPass } from './tasks';
import { backoffMs, reasonOf, sleep as realSleep, type Sleep } from './wait';

export interface WatchOptions {
  readonly topics?: readonly EventTopic[];
  /** Start after this revision, for example the revision of a list. */
  readonly since?: number;
  readonly signal: AbortSignal;
  /** Told when the stream is open (true) or lost (false), for a "not live" mark. */
  readonly onConnection?: (open: boolean) => void;
  /** Silence for so long means a dead connection. Default: three pings. */
  readonly silenceMsMax?: number;
  readonly sleep?: Sleep;
  readonly now?: () => Date;
}

/** Ends only by the signal, or with an `ApiError` that a retry cannot cure (such as 401). */
export async function* watchEvents(
  client: CairnClient,
  options: WatchOptions,
): AsyncGenerator<CairnEvent, void, undefined> {
  const sleep = options.sleep ?? realSleep;
  let lastId = options.since === undefined ? null : String(options.since);
  let failures = 0;
  const aborted = () => options.signal.aborted;
  while (!aborted()) {
    try {
      for await (const message of messagesOf(client, options, lastId)) {
        failures = 0;
        lastId = message.id ?? lastId;
        yield eventOf(message, lastId, options);
      }
    } catch (error) {
      if (aborted() || isAbort(error)) return;
      if (error instanceof ApiError && !mayPass(error)) throw error;
    }
    options.onConnection?.(false);
    failures += 1;
    await sleep(backoffMs(failures), options.signal).catch(() => undefined);
  }
}

async function* messagesOf(
  client: CairnClient,
  options: WatchOptions,
  lastId: string | null,
): AsyncGenerator<SseMessage, void, undefined> {
  const silence = new AbortController();
  const silenceMsMax = options.silenceMsMax ?? 3000 * limits.eventPingSeconds;
  const restart = () => setTimeout(() => silence.abort(new Error('silence')), silenceMsMax);
  let timer = restart();
  const parser = new SseParser();
  try {
    const response = await client.raw(pathOf(options), {
      headers: {
        Accept: 'text/event-stream',
        ...(lastId === null ? {} : { [headerNames.lastEventId]: lastId }),
      },
      signal: AbortSignal.any([options.signal, silence.signal]),
      timeoutMs: null,
    });
    options.onConnection?.(true);
    for await (const text of textOf(response, silence.signal)) {
      clearTimeout(timer);
      timer = restart();
      yield* parser.push(text);
    }
  } finally {
    clearTimeout(timer);
    silence.abort(new Error('closed'));
  }
}

async function* textOf(
  response: Response,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (signal.aborted) throw reasonOf(signal);
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function pathOf(options: WatchOptions): string {
  const query = new URLSearchParams();
  if (options.topics !== undefined) query.set('topics', options.topics.join(','));
  const text = query.toString();
  return `/api/v1/events${text === '' ? '' : `?${text}`}`;
}

function eventOf(message: SseMessage, lastId: string | null, options: WatchOptions): CairnEvent {
  const parsed = eventSchema.safeParse(jsonOf(message.data));
  if (parsed.success) return parsed.data;
  const at = (options.now ?? (() => new Date()))();
  return { event: 'resync', revision: Number(lastId ?? 0), at: at.toISOString(), reason: 'gap' };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
