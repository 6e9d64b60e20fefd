/** A cluster of real etcd members under mutual TLS, each a node with a certificate of the cluster's authority. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EtcdCredentials } from '../etcd/etcd-channel';
import { EtcdStore } from '../etcd/etcd-store';
import {
  CertificateAuthority,
  certificateRequest,
  newNodeKey,
} from '../identity/certificate-authority';
import { IdentityDirectory } from '../identity/identity-directory';
import { EtcdProcess } from './etcd-process';

export class EtcdCluster {
  readonly members: EtcdProcess[] = [];
  private readonly stores: EtcdStore[] = [];

  private constructor(
    readonly authority: CertificateAuthority,
    private readonly directory: string,
    /** What tests connect with. */
    readonly credentials: EtcdCredentials,
  ) {}

  /** An authority and no member. */
  static async create(): Promise<EtcdCluster> {
    const directory = await mkdtemp(join(tmpdir(), 'cairn-etcd-cluster-'));
    const authority = await newAuthority();
    return new EtcdCluster(authority, directory, await credentialsOf(authority, randomUUID()));
  }

  /** Members that began together: quicker than to grow. */
  static async start(count: number): Promise<EtcdCluster> {
    const cluster = await EtcdCluster.create();
    for (let at = 0; at < count; at += 1) await cluster.prepare();
    const initialCluster = cluster.members.map(({ name, peerUrl }) => ({ name, peerUrl }));
    await Promise.all(
      cluster.members.map((member) => member.launch({ initialCluster, state: 'new' })),
    );
    const store = cluster.store();
    await cluster.members[0]?.untilAnswered(() => store.get('/', { timeoutMs: 1000 }));
    return cluster;
  }

  /** A member that does not run yet. */
  async prepare(): Promise<EtcdProcess> {
    const nodeId = randomUUID();
    const identity = new IdentityDirectory(join(this.directory, nodeId));
    const { authorityPem, certificatePem, keyPem } = await credentialsOf(this.authority, nodeId);
    await identity.key(() => Promise.resolve(keyPem));
    await identity.saveCertificates({ authorityPem, certificatePem });
    const member = await EtcdProcess.prepare(nodeId, identity.files);
    this.members.push(member);
    return member;
  }

  get endpoints(): readonly string[] {
    return this.members.map(({ endpoint }) => endpoint);
  }

  member(name: string): EtcdProcess {
    const member = this.members.find((each) => each.name === name);
    if (member === undefined) throw new Error(`no member ${name}`);
    return member;
  }

  /** A client, closed with the cluster. */
  store(endpoints: readonly string[] = this.endpoints): EtcdStore {
    const store = new EtcdStore({ endpoints, credentials: this.credentials, timeoutMs: 10_000 });
    this.stores.push(store);
    return store;
  }

  /** The member that leads now. */
  async leader(): Promise<EtcdProcess> {
    const store = this.store();
    for (;;) {
      const { leaderId } = await store.members.status();
      const found = (await store.members.list()).find(({ id }) => id === leaderId);
      if (found !== undefined) return this.member(found.name);
    }
  }

  async stop(): Promise<void> {
    for (const store of this.stores) store.close();
    await Promise.all(this.members.map((member) => member.stop()));
    await rm(this.directory, { recursive: true, force: true });
  }
}

export function newAuthority(): Promise<CertificateAuthority> {
  const passphrase = randomUUID();
  return CertificateAuthority.create({ clusterId: randomUUID(), passphrase, now: new Date() });
}

export async function credentialsOf(
  authority: CertificateAuthority,
  nodeId: string,
  addresses: readonly string[] = [],
): Promise<EtcdCredentials> {
  const keyPem = await newNodeKey();
  const requestPem = await certificateRequest(keyPem, nodeId);
  const issue = { requestPem, nodeId, addresses, now: new Date() };
  const certificatePem = await authority.issue(issue);
  return { authorityPem: authority.material.certificatePem, certificatePem, keyPem };
}
