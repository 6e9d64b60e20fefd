import { Controller, Inject } from '@nestjs/common';
import type { Storage } from '@cairn/block-store';
import type { Health, Readiness } from '@cairn/contracts';
import { Lifecycle } from '../lifecycle';
import { ClusterPlane } from '../nodes/cluster-plane';
import { Database } from '../platform/database';
import { Operation } from '../platform/operation';
import { Reply } from '../platform/reply';
import { STORAGE } from '../platform/tokens';

type Check = Readiness['checks'][number];

@Controller()
export class HealthController {
  constructor(
    private readonly database: Database,
    private readonly plane: ClusterPlane,
    private readonly lifecycle: Lifecycle,
    @Inject(STORAGE) private readonly storage: Storage,
  ) {}

  @Operation('getHealth')
  health(): Health {
    return { status: 'ok' };
  }

  @Operation('getReadiness')
  async readiness(): Promise<Reply> {
    const asked = await Promise.all([this.#database(), this.#cluster(), this.#storage()]);
    const checks = [...asked, this.#settled()];
    const isReady = checks.every(({ ok }) => ok);
    const body: Readiness = { status: isReady ? 'ready' : 'notReady', checks };
    return new Reply(isReady ? 200 : 503, body, isReady ? {} : { 'Retry-After': '2' });
  }

  /** Users can log in and work can begin: the start has done its part. */
  #settled(): Check {
    const ok = this.lifecycle.isSettled;
    return { name: 'settled', ok, message: ok ? 'the start is complete' : 'is starting' };
  }

  async #database(): Promise<Check> {
    const ok = await this.database.probe();
    return { name: 'database', ok, message: ok ? 'answers' : 'does not answer' };
  }

  async #cluster(): Promise<Check> {
    const { quorum } = await this.plane.state();
    return { name: 'cluster', ok: quorum, message: quorum ? 'has a quorum' : 'has no quorum' };
  }

  async #storage(): Promise<Check> {
    try {
      const { state } = await this.storage.status({ timeoutMs: 1_000 });
      return { name: 'storage', ok: state === 'serving', message: `is ${state}` };
    } catch {
      return { name: 'storage', ok: false, message: 'does not answer' };
    }
  }
}
