/**
 * LiveNodes: who is alive, as the records under the nodes' leases say, followed in order.
 *
 * A node whose record cannot be read is alive without a record: it counts, but nobody knows where it is.
 */
import { FactStream, type Fact } from '../facts/fact-stream';
import { ClusterError, type KeyValueStore } from '../key-value-store';
import { nodeRecordSchema, parseRecord, recordPrefixes, type NodeRecord } from '../records';

export type NodeChange =
  | { readonly kind: 'alive'; readonly nodeId: string; readonly record: NodeRecord | null }
  /** Its lease has ended, or it left. */
  | { readonly kind: 'gone'; readonly nodeId: string };

export interface LiveNodesOptions {
  readonly store: KeyValueStore;
  /** Names this process, as for a FactStream. */
  readonly session: string;
  readonly life: string;
  /** Called synchronously, in order of revision; must not throw. Also for each node of the beginning. */
  readonly onChange: (change: NodeChange, revision: number) => void;
}

export class LiveNodes {
  private readonly records = new Map<string, NodeRecord | null>();
  private readonly stream: FactStream;

  constructor(private readonly options: LiveNodesOptions) {
    const { store, session, life } = options;
    this.stream = new FactStream({
      store,
      prefix: recordPrefixes.node,
      session,
      life,
      receiver: {
        onSnapshot: ({ facts, revision }) => {
          for (const fact of facts) this.alive(fact, revision);
        },
        onBatch: ({ puts, deletes, revision }) => {
          for (const key of deletes) this.gone(key, revision);
          for (const fact of puts) this.alive(fact, revision);
        },
      },
    });
  }

  /** By node id. */
  get nodes(): ReadonlyMap<string, NodeRecord | null> {
    return this.records;
  }

  /** Resolves when the present is known; tries until etcd answers. */
  async start(): Promise<void> {
    await this.stream.start();
  }

  close(): void {
    this.stream.close();
  }

  private alive(fact: Fact, revision: number): void {
    const nodeId = fact.key.slice(recordPrefixes.node.length);
    const record = readRecord(fact);
    this.records.set(nodeId, record);
    this.options.onChange({ kind: 'alive', nodeId, record }, revision);
  }

  private gone(key: string, revision: number): void {
    const nodeId = key.slice(recordPrefixes.node.length);
    this.records.delete(nodeId);
    this.options.onChange({ kind: 'gone', nodeId }, revision);
  }
}

function readRecord({ key, value, modRevision }: Fact): NodeRecord | null {
  try {
    return parseRecord(nodeRecordSchema, {
      ...{ key, value: value.toString('utf8'), bytes: value },
      ...{ createRevision: modRevision, modRevision, lease: 0n },
    });
  } catch (error) {
    if (error instanceof ClusterError && error.kind === 'corrupt') return null;
    throw error;
  }
}
