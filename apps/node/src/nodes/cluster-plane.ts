// Whether the cluster can agree on changes. etcd is asked with a short deadline, at most every few
// seconds; the storage daemon renews the node's lease, not this service.
import { Inject, Injectable } from '@nestjs/common';
import { recordPrefixes, type KeyValueStore } from '@cairn/cluster';
import { CLUSTER_STORE } from '../platform/tokens';

const MAX_AGE_MS = 3_000;
const DEADLINE_MS = 800;

export interface ClusterPlaneState {
  readonly quorum: boolean;
  /** Ids of the nodes whose lease lives; empty when nobody can tell. */
  readonly liveNodeIds: ReadonlySet<string>;
}

@Injectable()
export class ClusterPlane {
  #latest: { readonly atMs: number; readonly state: ClusterPlaneState } | null = null;
  #asking: Promise<ClusterPlaneState> | null = null;

  constructor(@Inject(CLUSTER_STORE) private readonly store: KeyValueStore) {}

  async state(): Promise<ClusterPlaneState> {
    const latest = this.#latest;
    if (latest !== null && performance.now() - latest.atMs < MAX_AGE_MS) return latest.state;
    this.#asking ??= this.#ask().finally(() => (this.#asking = null));
    return this.#asking;
  }

  /** A linearizable read succeeds exactly when there is a quorum. Never rejects. */
  async #ask(): Promise<ClusterPlaneState> {
    const atMs = performance.now();
    const state = await this.store.list(recordPrefixes.node, { timeoutMs: DEADLINE_MS }).then(
      ({ items }) => ({
        quorum: true,
        liveNodeIds: new Set(items.map((item) => item.key.slice(recordPrefixes.node.length))),
      }),
      () => ({ quorum: false, liveNodeIds: new Set<string>() }),
    );
    this.#latest = { atMs, state };
    return state;
  }
}
