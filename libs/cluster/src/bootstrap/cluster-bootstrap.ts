/**
 * ClusterBootstrap: how a node comes into a cluster, its own or another's, and keeps its certificate.
 *
 *     cluster.json    the node belongs to this cluster; written last, so it says that all the rest is there
 *     join.json       a join that is under way; its token is a secret
 *
 * Both are in the node's identity directory. Every step may be interrupted and is taken up again by calling the same method
 * again: keys and certificates that exist are used, a join asks with the same key and gets the same answer.
 */
import {
  JOIN_PROTOCOL,
  type JoinAnswer,
  type JoinRequest,
  type NodeFacts,
  type RenewalAnswer,
  type RenewalRequest,
} from '@cairn/contracts';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import {
  CertificateAuthority,
  certificateRequest,
  keyFingerprint,
  newNodeKey,
  parseCertificate,
} from '../identity/certificate-authority';
import type { IdentityDirectory } from '../identity/identity-directory';
import { IdentityError } from '../identity/identity-error';
import { decideRenewal, verifyNode, type RenewalDecision } from '../identity/trust';
import { parseJoinToken, type JoinToken } from '../join/join-token';

/** Where a joiner asks, and what it learned about who answers there. */
export interface JoinTarget {
  readonly host: string;
  readonly port: number;
  readonly authorityPem: string;
  /** Whose certificate must be shown. */
  readonly nodeId: string;
}

/** The way to the cluster. Throws JoinError `unavailable` when nobody answers; that is tried again. */
export interface JoinTransport {
  /** Believes only an authority with this SHA-256, and sends nothing before. */
  findAuthority(request: {
    readonly host: string;
    readonly port: number;
    readonly fingerprint: string;
  }): Promise<{ readonly authorityPem: string; readonly nodeId: string }>;
  join(target: JoinTarget, request: JoinRequest): Promise<JoinAnswer>;
  /** Under the node's present certificate. */
  renew(request: RenewalRequest): Promise<RenewalAnswer>;
}

export type JoinErrorKind =
  /** Nobody answers, or not now. */
  | 'unavailable'
  /** The cluster says no; the message says why. */
  | 'refused'
  /** What answers is not the cluster of the token, or gave a certificate that is not ours. */
  | 'untrusted'
  /** This node belongs to a cluster already, or joins another one. */
  | 'conflict';

export class JoinError extends Error {
  override readonly name = 'JoinError';
  constructor(
    readonly kind: JoinErrorKind,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}

const clusterFileSchema = z.object({
  schema: z.literal(1),
  clusterId: z.guid(),
  clusterName: z.string(),
  nodeId: z.guid(),
  /** As of the join; a running node keeps its own list. */
  etcdEndpoints: z.array(z.string()).min(1),
});
export type ClusterFile = z.infer<typeof clusterFileSchema>;

const joinFileSchema = z.object({
  schema: z.literal(1),
  host: z.string(),
  port: z.int(),
  token: z.string(),
});
export type PendingJoin = z.infer<typeof joinFileSchema>;

export type JoinProgress =
  /** The cluster is the token's; this is its certificate authority's fingerprint. */
  | { readonly kind: 'trusted'; readonly authorityFingerprint: string; readonly nodeId: string }
  /** An operator has to approve; both sides show this fingerprint. */
  | { readonly kind: 'waiting'; readonly keyFingerprint: string }
  | { readonly kind: 'unavailable'; readonly message: string };

const CLUSTER_FILE = 'cluster.json';
const JOIN_FILE = 'join.json';
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 10_000;

export interface BootstrapOptions {
  readonly directory: IdentityDirectory;
  readonly transport: JoinTransport;
  readonly now: () => Date;
}

export class ClusterBootstrap {
  constructor(private readonly options: BootstrapOptions) {}

  /** The cluster that this node belongs to; null before `init` or `join` is complete. */
  async cluster(): Promise<ClusterFile | null> {
    return this.readJson(CLUSTER_FILE, clusterFileSchema);
  }

  /** A join that was begun and is not complete: call `join` with it again. */
  async pendingJoin(): Promise<PendingJoin | null> {
    return this.readJson(JOIN_FILE, joinFileSchema);
  }

  /** Makes a cluster with this node as its first. Throws JoinError `conflict`. */
  async init(request: {
    readonly clusterId: string;
    readonly clusterName: string;
    readonly node: NodeFacts;
    /** For the authority's key, if there is none yet. */
    readonly passphrase: string;
  }): Promise<ClusterFile> {
    const { clusterId, clusterName, node, passphrase } = request;
    const { directory, now } = this.options;
    const existing = await this.checkFree(clusterId);
    if (existing !== null) return existing;
    if ((await this.pendingJoin()) !== null) {
      throw new JoinError('conflict', 'this node is joining a cluster: give that up first');
    }
    let authority = await directory.authority();
    if (authority === null) {
      authority = await CertificateAuthority.create({ clusterId, passphrase, now: now() });
      await directory.saveAuthority(authority.material, passphrase);
    }
    await this.issueOwn(authority, node.nodeId, node.addresses);
    const etcdEndpoints = [node.etcd.client];
    return this.complete({ schema: 1, clusterId, clusterName, nodeId: node.nodeId, etcdEndpoints });
  }

  /** Joins the cluster of a token; ends when it is complete, refused, or `signal` is aborted. Throws JoinError, JoinTokenError. */
  async join(request: {
    readonly host: string;
    readonly port: number;
    readonly token: string;
    readonly node: NodeFacts;
    readonly signal: AbortSignal;
    readonly onProgress: (progress: JoinProgress) => void;
  }): Promise<ClusterFile> {
    const { host, port, token: text, node, signal, onProgress } = request;
    const token = parseJoinToken(text, this.options.now());
    const existing = await this.checkFree(token.clusterId);
    if (existing !== null) return existing;
    const pending: PendingJoin = { schema: 1, host, port, token: text };
    await this.options.directory.write(JOIN_FILE, JSON.stringify(pending));

    const target = await this.untilAnswered(request, () => this.findTarget(host, port, token));
    const authorityFingerprint = token.authorityFingerprint;
    onProgress({ kind: 'trusted', authorityFingerprint, nodeId: target.nodeId });
    const message = await this.requestOf(token, node);
    for (;;) {
      const answer = await this.untilAnswered(request, () =>
        this.options.transport.join(target, message),
      );
      switch (answer.state) {
        case 'admitted':
          return this.takeAdmission(target, node.nodeId, answer.admission);
        case 'refused':
          await this.giveUp();
          throw new JoinError('refused', answer.message);
        case 'waiting':
          onProgress({ kind: 'waiting', keyFingerprint: await this.ownKeyFingerprint() });
          await pause(answer.retryAfterSeconds * 1000, signal);
      }
    }
  }

  /** Forgets a join that is under way, its key included. Nothing happens to a node that belongs to a cluster. */
  async giveUp(): Promise<void> {
    if ((await this.cluster()) !== null) return;
    await this.options.directory.remove(JOIN_FILE);
    await this.options.directory.remove('node.key');
  }

  /**
   * Renews the certificate if it is time, with the same key. A certificate that has ended opens no way to the cluster any
   * more (it was switched off for long, say): a node that keeps the authority's key then issues its own. Throws JoinError,
   * IdentityError; then it is tried again later.
   */
  async renew(
    addresses: NodeFacts['addresses'],
  ): Promise<{ readonly renewed: boolean; readonly decision: RenewalDecision }> {
    const { directory, transport, now } = this.options;
    const [cluster, credentials] = [await this.cluster(), await directory.credentials()];
    if (cluster === null || credentials === null) {
      throw new JoinError('conflict', 'this node belongs to no cluster');
    }
    const decision = decideRenewal(parseCertificate(credentials.certificatePem), now());
    if (decision.kind === 'keep') return { renewed: false, decision };
    const authority = decision.kind === 'expired' ? await directory.authority() : null;
    if (authority !== null) {
      await this.issueOwn(authority, cluster.nodeId, addresses);
      return { renewed: true, decision };
    }
    const { keyPem, authorityPem } = credentials;
    const request = await certificateRequest(keyPem, cluster.nodeId);
    const { certificate } = await transport.renew({ certificateRequest: request, addresses });
    await this.saveOwn({ authorityPem, certificatePem: certificate, nodeId: cluster.nodeId });
    return { renewed: true, decision };
  }

  private async findTarget(host: string, port: number, token: JoinToken): Promise<JoinTarget> {
    const fingerprint = token.authorityFingerprint;
    const found = await this.options.transport.findAuthority({ host, port, fingerprint });
    return { host, port, ...found };
  }

  private async requestOf(token: JoinToken, node: NodeFacts): Promise<JoinRequest> {
    const key = await this.options.directory.key(newNodeKey);
    return {
      protocol: JOIN_PROTOCOL,
      clusterId: token.clusterId,
      secret: token.secret.toString('hex'),
      certificateRequest: await certificateRequest(key, node.nodeId),
      node,
    };
  }

  private async takeAdmission(
    { authorityPem }: JoinTarget,
    nodeId: string,
    admission: Extract<JoinAnswer, { state: 'admitted' }>['admission'],
  ): Promise<ClusterFile> {
    const { clusterId, clusterName, certificate, etcdEndpoints, issuer } = admission;
    await this.saveOwn({ authorityPem, certificatePem: certificate, nodeId });
    if (issuer !== null) {
      const material = { certificatePem: authorityPem, encryptedKeyPem: issuer.encryptedKey };
      await this.options.directory.saveAuthority(material, issuer.passphrase);
    }
    return this.complete({ schema: 1, clusterId, clusterName, nodeId, etcdEndpoints });
  }

  private async issueOwn(
    authority: CertificateAuthority,
    nodeId: string,
    { management, storage }: NodeFacts['addresses'],
  ): Promise<void> {
    const key = await this.options.directory.key(newNodeKey);
    const certificatePem = await authority.issue({
      requestPem: await certificateRequest(key, nodeId),
      ...{ nodeId, addresses: [management, storage], now: this.options.now() },
    });
    const authorityPem = authority.material.certificatePem;
    await this.saveOwn({ authorityPem, certificatePem, nodeId });
  }

  /** Keeps a certificate only if it is this node's, of this authority, for this key. */
  private async saveOwn(own: {
    readonly authorityPem: string;
    readonly certificatePem: string;
    readonly nodeId: string;
  }): Promise<void> {
    const { authorityPem, certificatePem, nodeId } = own;
    const certificate = parseCertificate(certificatePem);
    const authority = parseCertificate(authorityPem);
    const verdict = verifyNode({ certificate, authority, now: this.options.now(), nodeId });
    if (verdict.kind === 'refused') throw new JoinError('untrusted', verdict.message);
    const key = createPrivateKey(await this.options.directory.key(newNodeKey));
    if (!certificate.checkPrivateKey(key)) {
      throw new JoinError('untrusted', 'the certificate is for another key');
    }
    await this.options.directory.saveCertificates({ authorityPem, certificatePem });
  }

  private async complete(file: ClusterFile): Promise<ClusterFile> {
    await this.options.directory.write(CLUSTER_FILE, `${JSON.stringify(file, null, 2)}\n`);
    await this.options.directory.remove(JOIN_FILE);
    return file;
  }

  private async checkFree(clusterId: string): Promise<ClusterFile | null> {
    const existing = await this.cluster();
    if (existing === null || existing.clusterId === clusterId) return existing;
    throw new JoinError('conflict', `this node belongs to cluster ${existing.clusterName} already`);
  }

  private async ownKeyFingerprint(): Promise<string> {
    const key = createPublicKey(createPrivateKey(await this.options.directory.key(newNodeKey)));
    return keyFingerprint(key.export({ type: 'spki', format: 'der' }));
  }

  /** Tries again, with growing pauses, while nobody answers. */
  private async untilAnswered<Answer>(
    {
      signal,
      onProgress,
    }: {
      readonly signal: AbortSignal;
      readonly onProgress: (progress: JoinProgress) => void;
    },
    ask: () => Promise<Answer>,
  ): Promise<Answer> {
    for (let pauseMs = RETRY_MS_MIN; ; pauseMs = Math.min(pauseMs * 2, RETRY_MS_MAX)) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof JoinError) || error.kind !== 'unavailable') throw error;
        onProgress({ kind: 'unavailable', message: error.message });
      }
      await pause(pauseMs, signal);
    }
  }

  private async readJson<Schema extends z.ZodType>(
    name: string,
    schema: Schema,
  ): Promise<z.infer<Schema> | null> {
    const text = await this.options.directory.read(name);
    if (text === null) return null;
    try {
      return schema.parse(JSON.parse(text));
    } catch {
      throw new IdentityError('damaged', `${name} is damaged`);
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch {
    throw new JoinError('unavailable', 'the join was interrupted; it can be taken up again');
  }
}
