/** EtcdStore: the KeyValueStore of a real cluster. */
import {
  ClusterError,
  type AttemptedTransaction,
  type AttemptResult,
  type CallOptions,
  type KeyValue,
  type KeyValueStore,
  type Lease,
  type Transaction,
  type TransactionResult,
  type Watch,
  type WatchHandler,
} from '../key-value-store';
import {
  ATTEMPT_TIMEOUT_MS,
  EtcdChannel,
  type EtcdCredentials,
  type EtcdOptions,
} from './etcd-channel';
import { EtcdLease } from './etcd-lease';
import { EtcdMembers } from './etcd-members';
import { EtcdWatch } from './etcd-watch';
import {
  decodeLease,
  decodeRange,
  decodeTxn,
  encodeLeaseGrant,
  encodeRange,
  encodeTxn,
  endOfPrefix,
  methods,
  valueBytes,
  type RangeRequest,
  type TxnResponse,
} from './messages';

const PAGE_ITEMS = 500;
/** More keys than the largest cluster has below one prefix; beyond it something is broken. */
const LIST_ITEMS_MAX = 200_000;

export class EtcdStore implements KeyValueStore {
  /** Who belongs to the etcd cluster. */
  readonly members: EtcdMembers;
  private readonly channel: EtcdChannel;
  private readonly leases = new Set<EtcdLease>();
  private readonly watches = new Set<EtcdWatch>();
  private readonly attemptTimeoutMs: number;

  constructor(options: EtcdOptions) {
    this.channel = new EtcdChannel(options);
    this.members = new EtcdMembers(this.channel);
    this.attemptTimeoutMs = options.attemptTimeoutMs ?? ATTEMPT_TIMEOUT_MS;
  }

  get endpoints(): readonly string[] {
    return this.channel.endpoints;
  }

  /** Talks to these members from now on. */
  setEndpoints(endpoints: readonly string[]): void {
    this.channel.setEndpoints(endpoints);
  }

  /** Talks with a renewed certificate from now on. */
  setCredentials(credentials: EtcdCredentials): void {
    this.channel.setCredentials(credentials);
  }

  async get(key: string, options: CallOptions = {}): Promise<KeyValue | null> {
    const { result } = await this.channel.call(
      methods.range,
      encodeRange({ key }),
      decodeRange,
      options,
    );
    return result.items[0] ?? null;
  }

  async list(
    prefix: string,
    options: CallOptions = {},
  ): Promise<{ readonly items: readonly KeyValue[]; readonly revision: number }> {
    const end = endOfPrefix(prefix);
    const items: KeyValue[] = [];
    let key = prefix;
    let revision = 0;
    for (;;) {
      const request: RangeRequest = { key, end, limit: PAGE_ITEMS, revision };
      const { result } = await this.channel.call(
        methods.range,
        encodeRange(request),
        decodeRange,
        options,
      );
      items.push(...result.items);
      // The first page decides which moment all pages show.
      if (revision === 0) revision = result.revision;
      const last = result.items.at(-1);
      if (!result.more || last === undefined) return { items, revision };
      if (items.length > LIST_ITEMS_MAX) {
        throw new ClusterError('refused', `more than ${LIST_ITEMS_MAX} keys below ${prefix}`);
      }
      key = `${last.key}\0`;
    }
  }

  async transact(transaction: Transaction, options: CallOptions = {}): Promise<TransactionResult> {
    const keys = transaction.then.map((operation) => operation.key);
    const request = encodeTxn({ ...transaction, elseRead: keys });
    const { result, repeated } = await this.channel.call(methods.txn, request, decodeTxn, options);
    if (result.succeeded) return { committed: true, revision: result.revision };
    if (!repeated) return { committed: false, revision: result.revision };
    return whatAnEarlierAttemptDid(transaction, result);
  }

  async attempt(
    transaction: AttemptedTransaction,
    options: CallOptions = {},
  ): Promise<AttemptResult> {
    const request = encodeTxn(transaction);
    const result = await this.channel.once(
      (member) => member(methods.txn, request, decodeTxn),
      options,
    );
    return { committed: result.succeeded, revision: result.revision, found: result.found };
  }

  async grantLease(ttlSeconds: number, options: CallOptions = {}): Promise<Lease> {
    const before = performance.now();
    const { result } = await this.channel.call(
      methods.leaseGrant,
      encodeLeaseGrant(ttlSeconds),
      decodeLease,
      options,
    );
    const lease = new EtcdLease(
      this.channel,
      result.lease,
      result.ttlSeconds * 1000,
      before,
      this.attemptTimeoutMs,
    );
    this.leases.add(lease);
    lease.lost.addEventListener('abort', () => this.leases.delete(lease), { once: true });
    return lease;
  }

  watch(
    request: { readonly prefix: string; readonly afterRevision: number },
    handler: WatchHandler,
  ): Watch {
    const watch = new EtcdWatch(
      this.channel,
      request.prefix,
      request.afterRevision,
      handler,
      (closed) => this.watches.delete(closed),
    );
    this.watches.add(watch);
    return watch;
  }

  close(): void {
    for (const watch of [...this.watches]) watch.close();
    for (const lease of [...this.leases]) lease.lose();
    this.channel.close();
  }
}

/**
 * A repeated transaction failed its comparison: because somebody else was first, or because our own earlier attempt
 * had succeeded? In the second case the keys are just as we wanted them.
 */
function whatAnEarlierAttemptDid(
  transaction: Transaction,
  response: TxnResponse,
): TransactionResult {
  const found = new Map(response.found.map((item) => [item.key, item]));
  const revisions: number[] = [];
  for (const operation of transaction.then) {
    const item = found.get(operation.key);
    if (operation.kind === 'delete') {
      if (item !== undefined) return { committed: false, revision: response.revision };
    } else {
      if (item === undefined || !item.bytes.equals(valueBytes(operation.value))) {
        return { committed: false, revision: response.revision };
      }
      revisions.push(item.modRevision);
    }
  }
  // Puts of one transaction share one revision; keys of different revisions were written by others.
  const revision = revisions[0] ?? response.revision;
  const together = revisions.every((other) => other === revision);
  return { committed: together && transaction.then.length > 0, revision };
}
