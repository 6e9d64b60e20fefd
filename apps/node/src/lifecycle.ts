// The order in which the service comes up and goes down. Guests are adopted before anything else
// looks at them; what a former run has left open is settled before new work begins; going down
// touches no guest.
import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from '@cairn/telemetry';
import type { VmRuntime } from '@cairn/vm-runtime';
import { EventEntity } from '@cairn/persistence';
import { hasProcess } from '@cairn/vm-runtime';
import { ClusterService } from './cluster/cluster.service';
import { ChangeFeed } from './events/change-feed';
import { EventStreams } from './events/event-streams';
import { MediaUpkeep } from './images/media-upkeep';
import { NodesService } from './nodes/nodes.service';
import { Database } from './platform/database';
import { backOffMs, delay } from './platform/delay';
import { IdempotencyInterceptor } from './platform/idempotency';
import { LOGGER, VM_RUNTIME } from './platform/tokens';
import { SessionsService } from './sessions/sessions.service';
import { TaskRunner } from './tasks/task-runner';
import { TaskStore } from './tasks/task-store';
import { FirstAdministrator } from './users/first-administrator';
import { VolumeUpkeep } from './volumes/volume-upkeep';
import { VmReconciler } from './vms/vm-reconciler';
import { VmSampler } from './vms/vm-sampler';

const UPKEEP_INTERVAL_MS = 15 * 60_000;
const DAY_MS = 24 * 3600_000;
const TASKS_KEPT_MS = 30 * DAY_MS;
const DRAIN_MS = 8_000;
const GUEST_SHUTDOWN_MS = 20_000;

@Injectable()
export class Lifecycle {
  readonly #stop = new AbortController();
  #settling: Promise<void> = Promise.resolve();
  #upkeep: Promise<void> = Promise.resolve();
  #isSettled = false;

  constructor(
    private readonly database: Database,
    private readonly feed: ChangeFeed,
    private readonly streams: EventStreams,
    private readonly cluster: ClusterService,
    private readonly nodes: NodesService,
    private readonly administrator: FirstAdministrator,
    private readonly media: MediaUpkeep,
    private readonly volumes: VolumeUpkeep,
    private readonly sessions: SessionsService,
    private readonly idempotency: IdempotencyInterceptor,
    private readonly tasks: TaskRunner,
    private readonly taskStore: TaskStore,
    private readonly reconciler: VmReconciler,
    private readonly sampler: VmSampler,
    @Inject(VM_RUNTIME) private readonly runtime: VmRuntime,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Whether all that a start has to do before new work begins has been done. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Adopts the guests, then connects; resolves before the database is there. */
  async start(): Promise<void> {
    this.reconciler.listen();
    const found = await this.runtime.adoptAll();
    const running = found.filter(({ state }) => hasProcess(state)).length;
    this.logger.info({ known: found.length, running }, 'guests adopted');
    this.database.start();
    this.feed.start();
    this.sampler.start();
    this.database.onReady(() => {
      this.#settling = this.#settleUntilDone();
    });
  }

  /** Leaves guests running and open tasks in the database. Bounded. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.streams.closeAll();
    await this.tasks.stop(DRAIN_MS);
    await this.reconciler.stop();
    await this.sampler.stop();
    await this.#settling;
    await this.#upkeep;
    await this.feed.stop();
    await this.database.close();
    await this.runtime.dispose();
  }

  /** Ends all guests without changing what is wanted: the next start boots them again. */
  async shutDownGuests(): Promise<void> {
    await this.reconciler.stop();
    const up = this.runtime.list().filter(({ state }) => hasProcess(state));
    this.logger.info({ guests: up.length }, 'shutting down all guests');
    await Promise.all(
      up.map(async ({ id }) => {
        try {
          await this.runtime.shutdown(id, { deadlineMs: GUEST_SHUTDOWN_MS });
        } catch (error) {
          this.logger.warn({ err: error, vm: id }, 'the guest did not shut down and is stopped');
          await this.runtime.stop(id).catch(() => undefined);
        }
      }),
    );
  }

  /** Ends what is left of them at once. */
  async stopGuests(): Promise<void> {
    const up = this.runtime.list().filter(({ state }) => hasProcess(state));
    await Promise.allSettled(up.map(({ id }) => this.runtime.stop(id)));
  }

  async #settleUntilDone(): Promise<void> {
    for (let attempt = 0; !this.#stop.signal.aborted; attempt += 1) {
      try {
        await this.#settle();
        return;
      } catch (error) {
        this.logger.warn({ err: error }, 'what a former run has left could not be settled yet');
        await delay(backOffMs(attempt, 500, 10_000), this.#stop.signal);
      }
    }
  }

  async #settle(): Promise<void> {
    await this.cluster.ensure();
    await this.nodes.registerSelf();
    await this.administrator.ensure();
    await this.media.cleanAtStart();
    await this.#adoptWhenStorageAnswers();
    await this.volumes.settleAtStart();
    await this.tasks.recover();
    this.reconciler.start();
    this.#upkeep = this.#runUpkeep();
    this.#isSettled = true;
    this.logger.info('ready');
  }

  /** Tasks and starts need the storage daemon; logging in and looking do not. */
  async #adoptWhenStorageAnswers(): Promise<void> {
    for (let attempt = 0; !this.#stop.signal.aborted; attempt += 1) {
      try {
        await this.reconciler.adopt();
        return;
      } catch (error) {
        const level = attempt === 0 ? 'warn' : 'debug';
        this.logger[level]({ err: error }, 'waiting for the storage service');
        await delay(backOffMs(attempt, 200, 2_000), this.#stop.signal);
      }
    }
  }

  async #runUpkeep(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        const now = new Date();
        await this.sessions.prune(now);
        await this.idempotency.prune(now);
        await this.media.prune(now);
        await this.taskStore.prune(new Date(now.getTime() - TASKS_KEPT_MS));
        await this.#pruneEvents(new Date(now.getTime() - DAY_MS));
      } catch (error) {
        this.logger.warn({ err: error }, 'upkeep failed and will be tried again');
      }
      await delay(UPKEEP_INTERVAL_MS, this.#stop.signal);
    }
  }

  /** The newest event stays: it carries the cluster's revision. */
  async #pruneEvents(before: Date): Promise<void> {
    await this.database.read((manager) =>
      manager
        .createQueryBuilder()
        .delete()
        .from(EventEntity)
        .where('at < :before AND revision < (SELECT max(revision) FROM events)', { before })
        .execute(),
    );
  }
}
