/**
 * Admissions: the cluster's side of a join, and the roll of its nodes.
 *
 *     /cairn/admission/<node id>   AdmissionRecord: who asked, was let in, or was refused
 *     /cairn/revoked/<key>         RevokedRecord: the fingerprint of a removed node's key; renewals keep the key
 *
 * A token admits one key; an operator, or the token itself, approves it; the certificate is kept with the record, so that a
 * joiner that asks again gets the same answer. Every change is a compare-and-swap: any node may serve any request.
 */
import {
  nodeFactsSchema,
  type Admission,
  type JoinAnswer,
  type JoinCandidate,
  type JoinRefusalReason,
  type JoinRequest,
  type NodeFacts,
  type RenewalRequest,
} from '@cairn/contracts';
import { z } from 'zod';
import {
  keyFingerprint,
  keyFingerprintOf,
  NODE_CERTIFICATE_LIFE_MS,
  parseCertificate,
  publicKeyOfRequest,
  type CertificateAuthority,
} from '../identity/certificate-authority';
import { TokenRegister } from '../join/token-register';
import { ClusterError, type KeyValueStore, type Operation } from '../key-value-store';
import { formatRecord, parseRecord } from '../records';

export const ADMISSION_PREFIX = '/cairn/admission/';
export const REVOKED_PREFIX = '/cairn/revoked/';
/** So many nodes keep the authority's key. */
export const ISSUERS_MAX = 3;
const RETRY_SECONDS = 2;
const CONFLICTS_MAX = 8;

const admissionRecordSchema = z.object({
  schema: z.literal(1),
  node: nodeFactsSchema,
  keyFingerprint: z.string().regex(/^[0-9a-f]{64}$/),
  requestedAt: z.iso.datetime(),
  state: z.enum(['waiting', 'approved', 'refused']),
  /** PEM; set as soon as the node is admitted, replaced by renewals. */
  certificate: z.string().nullable(),
  /** It keeps the authority's key. */
  issuer: z.boolean(),
});
export type AdmissionRecord = z.infer<typeof admissionRecordSchema>;

const revokedRecordSchema = z.object({
  schema: z.literal(1),
  nodeId: z.guid(),
  /** After it no certificate of the key is valid any more. */
  until: z.iso.datetime(),
});
type RevokedRecord = z.infer<typeof revokedRecordSchema>;

export interface AdmissionsOptions {
  readonly store: KeyValueStore;
  readonly authority: CertificateAuthority;
  /** Goes to the nodes that are to keep the authority's key. */
  readonly passphrase: string;
  readonly cluster: { readonly id: string; readonly name: string };
  readonly etcdEndpoints: () => readonly string[];
  readonly now: () => Date;
}

interface Found {
  readonly record: AdmissionRecord | null;
  readonly modRevision: number;
}

export class Admissions {
  private readonly tokens: TokenRegister;

  constructor(private readonly options: AdmissionsOptions) {
    this.tokens = new TokenRegister(options.store);
  }

  /** Enters the node that made the cluster, with its certificate. May be repeated. */
  async enterFounder(node: NodeFacts, certificatePem: string): Promise<void> {
    const fingerprint = keyFingerprintOf(parseCertificate(certificatePem));
    await this.change(node.nodeId, () => ({
      ...this.candidateOf(node, fingerprint),
      state: 'approved',
      certificate: certificatePem,
      issuer: true,
    }));
  }

  /**
   * Answers a joiner. Throws IdentityError `bad-request` for a request that is not signed by its own key, and ClusterError
   * when etcd does not answer; then the joiner asks again.
   */
  async answer(request: JoinRequest): Promise<JoinAnswer> {
    const { cluster, now } = this.options;
    if (request.clusterId !== cluster.id) return refusal('wrong-cluster');
    const fingerprint = keyFingerprint(await publicKeyOfRequest(request.certificateRequest));
    const { nodeId } = request.node;
    const redemption = await this.tokens.redeem({
      secret: Buffer.from(request.secret, 'hex'),
      joiner: { nodeId, keyFingerprint: fingerprint },
      now: now(),
    });
    if (redemption.kind === 'refused') return refusal(`token-${redemption.reason}`);
    const { approved } = redemption.token;
    const record = await this.change(nodeId, (before) => {
      if (before !== null && before.keyFingerprint === fingerprint) return before;
      // Another key may take the place of one that was never let in.
      if (before !== null && before.certificate !== null) return before;
      const state = approved ? ('approved' as const) : ('waiting' as const);
      return { ...this.candidateOf(request.node, fingerprint), state };
    });
    if (record.keyFingerprint !== fingerprint) return refusal('node-exists');
    switch (record.state) {
      case 'refused':
        return refusal('refused-by-operator');
      case 'waiting':
        return { state: 'waiting', keyFingerprint: fingerprint, retryAfterSeconds: RETRY_SECONDS };
      case 'approved':
        return { state: 'admitted', admission: await this.admit(request) };
    }
  }

  /** Everybody who asked, and everybody who belongs. */
  async list(): Promise<readonly (JoinCandidate & { readonly admitted: boolean })[]> {
    const { items } = await this.options.store.list(ADMISSION_PREFIX);
    return items.map((item) => {
      const { node, keyFingerprint: key, ...rest } = parseRecord(admissionRecordSchema, item);
      const { requestedAt, state, certificate } = rest;
      return { node, keyFingerprint: key, requestedAt, state, admitted: certificate !== null };
    });
  }

  /** Lets a waiting node in, if its key is the one that was compared. False: there is none such. */
  approve(nodeId: string, comparedKeyFingerprint: string): Promise<boolean> {
    return this.decide(nodeId, 'approved', comparedKeyFingerprint);
  }

  /** Turns a waiting node away. False: there is none. */
  refuse(nodeId: string): Promise<boolean> {
    return this.decide(nodeId, 'refused', null);
  }

  /** A new certificate for a node that was authenticated by its present one. Null: it does not belong to the cluster. */
  async renew(nodeId: string, request: RenewalRequest): Promise<string | null> {
    const fingerprint = keyFingerprint(await publicKeyOfRequest(request.certificateRequest));
    const belongs = (record: AdmissionRecord | null): record is AdmissionRecord =>
      record !== null && record.certificate !== null && record.keyFingerprint === fingerprint;
    const found = await this.find(nodeId);
    if (!belongs(found.record)) return null;
    const certificate = await this.issue(request.certificateRequest, nodeId, request.addresses);
    const after = await this.change(nodeId, (before) => {
      if (!belongs(before)) return before;
      const node = { ...before.node, addresses: request.addresses };
      return { ...before, node, certificate };
    });
    return after?.certificate === certificate ? certificate : null;
  }

  /** Strikes a node off the roll and revokes its key. It may join again with a new token. */
  async remove(nodeId: string): Promise<void> {
    for (let attempt = 0; attempt < CONFLICTS_MAX; attempt += 1) {
      const { record, modRevision } = await this.find(nodeId);
      if (record === null) return;
      const key = ADMISSION_PREFIX + nodeId;
      const { committed } = await this.options.store.transact({
        compare: [{ key, modRevision }],
        then: [{ kind: 'delete', key }, ...revocationOf(record, this.options.now())],
      });
      if (committed) return;
    }
    throw tooManyConflicts(nodeId);
  }

  /** Fingerprints of the keys of removed nodes, for as long as a certificate of theirs can be valid. */
  async revokedKeys(): Promise<ReadonlySet<string>> {
    const { store, now } = this.options;
    const { items } = await store.list(REVOKED_PREFIX);
    const keys = new Set<string>();
    for (const item of items) {
      const { until } = parseRecord(revokedRecordSchema, item);
      if (Date.parse(until) > now().getTime()) keys.add(item.key.slice(REVOKED_PREFIX.length));
      else await store.transact({ compare: [], then: [{ kind: 'delete', key: item.key }] });
    }
    return keys;
  }

  private async admit({ node, certificateRequest }: JoinRequest): Promise<Admission> {
    const { cluster, etcdEndpoints, authority, passphrase } = this.options;
    const issuers = (await this.issuerIds()).filter((id) => id !== node.nodeId).length;
    const made = await this.issue(certificateRequest, node.nodeId, node.addresses);
    const record = await this.change(node.nodeId, (before) =>
      before === null || before.certificate !== null
        ? before
        : { ...before, certificate: made, issuer: issuers < ISSUERS_MAX },
    );
    if (record === null || record.certificate === null) throw tooManyConflicts(node.nodeId);
    return {
      clusterId: cluster.id,
      clusterName: cluster.name,
      certificate: record.certificate,
      etcdEndpoints: [...etcdEndpoints()],
      issuer: record.issuer
        ? { encryptedKey: authority.material.encryptedKeyPem, passphrase }
        : null,
    };
  }

  private issue(
    requestPem: string,
    nodeId: string,
    { management, storage }: NodeFacts['addresses'],
  ): Promise<string> {
    const { authority, now } = this.options;
    return authority.issue({ requestPem, nodeId, addresses: [management, storage], now: now() });
  }

  private async issuerIds(): Promise<readonly string[]> {
    const { items } = await this.options.store.list(ADMISSION_PREFIX);
    return items
      .map((item) => parseRecord(admissionRecordSchema, item))
      .filter(({ issuer }) => issuer)
      .map(({ node }) => node.nodeId);
  }

  private async decide(
    nodeId: string,
    state: 'approved' | 'refused',
    compared: string | null,
  ): Promise<boolean> {
    let decided = false;
    await this.change(nodeId, (before) => {
      const right = compared === null || before?.keyFingerprint === compared;
      decided = before !== null && right && before.certificate === null;
      return before === null || !decided ? before : { ...before, state };
    });
    return decided;
  }

  private candidateOf(node: NodeFacts, fingerprint: string): AdmissionRecord {
    return {
      schema: 1,
      node,
      keyFingerprint: fingerprint,
      requestedAt: this.options.now().toISOString(),
      state: 'waiting',
      certificate: null,
      issuer: false,
    };
  }

  private async find(nodeId: string): Promise<Found> {
    const item = await this.options.store.get(ADMISSION_PREFIX + nodeId);
    if (item === null) return { record: null, modRevision: 0 };
    return {
      record: parseRecord(admissionRecordSchema, item),
      modRevision: item.modRevision,
    };
  }

  /** Changes a record by compare-and-swap; `next` may be called again, and gives the same object to change nothing. */
  private async change<Next extends AdmissionRecord | null>(
    nodeId: string,
    next: (before: AdmissionRecord | null) => Next,
  ): Promise<Next> {
    const key = ADMISSION_PREFIX + nodeId;
    for (let attempt = 0; attempt < CONFLICTS_MAX; attempt += 1) {
      const { record, modRevision } = await this.find(nodeId);
      const after = next(record);
      if (after === record || after === null) return after;
      const put: Operation = { kind: 'put', key, value: formatRecord(after) };
      const { committed } = await this.options.store.transact({
        compare: [{ key, modRevision }],
        then: [put],
      });
      if (committed) return after;
    }
    throw tooManyConflicts(nodeId);
  }
}

function revocationOf(
  { certificate, keyFingerprint: fingerprint, node }: AdmissionRecord,
  now: Date,
): readonly Operation[] {
  if (certificate === null) return [];
  const until = new Date(now.getTime() + 2 * NODE_CERTIFICATE_LIFE_MS).toISOString();
  const record: RevokedRecord = { schema: 1, nodeId: node.nodeId, until };
  return [{ kind: 'put', key: REVOKED_PREFIX + fingerprint, value: formatRecord(record) }];
}

const REFUSALS: Readonly<Record<JoinRefusalReason, string>> = {
  'token-unknown': 'The cluster does not know this join token: it was taken back, or has expired.',
  'token-expired': 'The join token has expired: ask for a new one.',
  'token-used': 'The join token was used by another node: ask for a new one.',
  'wrong-cluster': 'The join token is of another cluster.',
  'node-exists': 'A node with this id belongs to the cluster: remove it first.',
  'refused-by-operator': 'An operator refused this node.',
};

function refusal(reason: JoinRefusalReason): JoinAnswer {
  return { state: 'refused', reason, message: REFUSALS[reason] };
}

function tooManyConflicts(nodeId: string): ClusterError {
  return new ClusterError('unavailable', `the admission of node ${nodeId} was changed too often`);
}
