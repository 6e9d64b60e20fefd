// The read side of the event feed: one per process. It follows the outbox (told by NOTIFY), turns
// each change into the event that clients get, keeps the last ones for clients that come back, and
// hands every event to all streams. Events carry the resource as it is when the event is made, so
// several changes in a row may show the same, newest state: that is what "upsert" means.
import { Inject, Injectable } from '@nestjs/common';
import type { CairnEvent, EventTopic } from '@cairn/contracts';
import { EventEntity, NotificationListener, type EventRow } from '@cairn/persistence';
import type { Logger } from '@cairn/telemetry';
import { Database } from '../platform/database';
import { ENVIRONMENT, type Environment } from '../platform/environment';
import { LOGGER } from '../platform/tokens';
import { CHANGE_CHANNEL, type ChangeTopic } from './change-log';

export const REPLAY_EVENTS_MAX = 2_000;
const READ_PAGE = 500;

/** Loads what an upsert of a topic shows; null when the resource is gone. */
export type ResourceLoader = (id: string) => Promise<object | null>;

export type FeedListener = (event: CairnEvent) => void;

/** A topic that clients can watch; the others only count revisions. */
export type WatchedTopic = Exclude<EventTopic, 'metrics'>;

@Injectable()
export class ChangeFeed {
  readonly #loaders = new Map<ChangeTopic, ResourceLoader>();
  readonly #listeners = new Set<FeedListener>();
  readonly #replay: CairnEvent[] = [];
  readonly #listener: NotificationListener;
  #revision = 0;
  /** The oldest revision from which the replay buffer is complete. */
  #replayFrom = 0;
  #isPrimed = false;
  #reading: Promise<void> = Promise.resolve();
  #isReadQueued = false;

  constructor(
    private readonly database: Database,
    @Inject(ENVIRONMENT) environment: Environment,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.#listener = new NotificationListener({
      url: environment.databaseUrl,
      channel: CHANGE_CHANNEL,
      onConnected: () => this.#readSoon(),
      onNotification: () => this.#readSoon(),
      onLost: (error) => this.logger.debug({ err: error }, 'event feed lost the database'),
    });
  }

  /** The newest revision this node has seen. */
  get revision(): number {
    return this.#revision;
  }

  /** Tells how resources of a topic are shown. Called by each feature at start. */
  registerTopic(topic: ChangeTopic, loader: ResourceLoader): void {
    this.#loaders.set(topic, loader);
  }

  start(): void {
    this.database.onReady(() => this.#listener.start());
  }

  async stop(): Promise<void> {
    await this.#listener.close();
    await this.#reading;
  }

  /** Returns the function that ends the subscription. */
  subscribe(listener: FeedListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What came after `since`; null when some of it is no longer kept. */
  since(since: number): readonly CairnEvent[] | null {
    if (since > this.#revision || since < this.#replayFrom) return null;
    return this.#replay.filter((event) => event.revision > since);
  }

  /** Sends an event that is not a change of a stored resource: samples, observed states. */
  publish(event: CairnEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Coalesces: one more read is queued, however many notifications come while one runs. */
  #readSoon(): void {
    if (this.#isReadQueued) return;
    this.#isReadQueued = true;
    this.#reading = this.#reading.then(async () => {
      this.#isReadQueued = false;
      try {
        await this.#read();
      } catch (error) {
        this.logger.warn({ err: error }, 'event feed could not read the outbox');
      }
    });
  }

  async #read(): Promise<void> {
    if (!this.#isPrimed) {
      await this.#prime();
      return;
    }
    for (;;) {
      const rows = await this.database.read((manager) =>
        manager
          .createQueryBuilder(EventEntity, 'event')
          .where('event.revision > :after', { after: this.#revision })
          .orderBy('event.revision')
          .limit(READ_PAGE)
          .getMany(),
      );
      for (const event of await this.#eventsOf(rows)) this.#deliver(event);
      const last = rows.at(-1);
      if (last === undefined) return;
      this.#revision = last.revision;
    }
  }

  async #prime(): Promise<void> {
    const [last] = await this.database.read((manager) =>
      manager.find(EventEntity, { order: { revision: 'DESC' }, take: 1 }),
    );
    this.#revision = last?.revision ?? 0;
    this.#replayFrom = this.#revision;
    this.#isPrimed = true;
  }

  /** Several upserts of one resource in a page become one: the last. */
  async #eventsOf(rows: readonly EventRow[]): Promise<CairnEvent[]> {
    const newest = new Map<string, number>();
    for (const row of rows) newest.set(`${row.topic}/${row.resourceId}`, row.revision);
    const events: CairnEvent[] = [];
    for (const row of rows) {
      if (newest.get(`${row.topic}/${row.resourceId}`) !== row.revision) continue;
      const event = await this.#eventOf(row);
      if (event !== null) events.push(event);
    }
    return events;
  }

  async #eventOf(row: EventRow): Promise<CairnEvent | null> {
    const topic = watchedTopicOf(row.topic);
    const loader = topic === null ? undefined : this.#loaders.get(topic);
    if (topic === null || loader === undefined) return null;
    const stamp = { id: row.resourceId, revision: row.revision, at: row.at.toISOString() };
    if (row.kind === 'delete') return { event: 'delete', topic, ...stamp };
    const resource = await loader(row.resourceId);
    if (resource === null) return { event: 'delete', topic, ...stamp };
    return upsertOf(topic, stamp, resource, row.kind === 'taskProgress');
  }

  #deliver(event: CairnEvent): void {
    this.#replay.push(event);
    while (this.#replay.length > REPLAY_EVENTS_MAX) {
      this.#replayFrom = this.#replay.shift()?.revision ?? this.#replayFrom;
    }
    this.publish(event);
  }
}

const WATCHED: readonly WatchedTopic[] = [
  'cluster',
  'nodes',
  'drives',
  'vms',
  'volumes',
  'images',
  'isos',
  'tasks',
];

function watchedTopicOf(topic: string): WatchedTopic | null {
  return WATCHED.find((watched) => watched === topic) ?? null;
}

interface Stamp {
  readonly id: string;
  readonly revision: number;
  readonly at: string;
}

/**
 * The loader of a topic returns that topic's resource (each feature registers its own), which the
 * type system cannot follow through the registry.
 */
function upsertOf(
  topic: WatchedTopic,
  stamp: Stamp,
  resource: object,
  isProgress: boolean,
): CairnEvent {
  if (!isProgress) return { event: 'upsert', topic, ...stamp, resource } as CairnEvent;
  const { state, progress, steps } = resource as Extract<CairnEvent, { event: 'taskProgress' }>;
  return { event: 'taskProgress', topic: 'tasks', ...stamp, state, progress, steps };
}
