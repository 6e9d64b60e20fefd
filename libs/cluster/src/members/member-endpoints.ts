/**
 * MemberEndpoints: keeps a client's list of members current.
 *
 * A client that knows only members which are gone is cut off although the cluster lives; so the list is read every few
 * seconds, learners (which answer no reads) left out, and given to the owner, who writes it down for the next start.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { endpointsOf } from '../etcd/etcd-members';
import type { EtcdStore } from '../etcd/etcd-store';
import { ClusterError } from '../key-value-store';

export const MEMBERS_READ_EVERY_MS = 5000;

export interface MemberEndpointsOptions {
  readonly store: Pick<EtcdStore, 'members' | 'endpoints' | 'setEndpoints'>;
  readonly everyMs?: number;
  /** Called with the new list when it has changed; must not throw. */
  readonly onChange: (endpoints: readonly string[]) => void;
}

export class MemberEndpoints {
  private readonly ending = new AbortController();

  constructor(private readonly options: MemberEndpointsOptions) {}

  /** Reads the list once and uses it. Throws ClusterError. */
  async refresh(): Promise<void> {
    const { store, onChange } = this.options;
    const endpoints = endpointsOf(await store.members.list({ signal: this.ending.signal }));
    const before = new Set(store.endpoints);
    const same = endpoints.length === before.size && endpoints.every((each) => before.has(each));
    if (same || endpoints.length === 0) return;
    store.setEndpoints(endpoints);
    onChange(endpoints);
  }

  /** Goes on until `stop`; never rejects. */
  async run(): Promise<void> {
    const { everyMs = MEMBERS_READ_EVERY_MS } = this.options;
    const { signal } = this.ending;
    while (!signal.aborted) {
      try {
        await this.refresh();
      } catch (error) {
        if (!(error instanceof ClusterError)) throw error;
      }
      await delay(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  stop(): void {
    this.ending.abort();
  }
}
