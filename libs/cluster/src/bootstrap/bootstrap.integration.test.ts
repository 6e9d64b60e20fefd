import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { TLSSocket } from 'node:tls';
import { joinRequestSchema, renewalRequestSchema, type NodeFacts } from '@cairn/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EtcdStore } from '../etcd/etcd-store';
import { parseCertificate } from '../identity/certificate-authority';
import { IdentityDirectory } from '../identity/identity-directory';
import { verifyNode } from '../identity/trust';
import { formatJoinToken, SECRET_BYTES } from '../join/join-token';
import { TokenRegister } from '../join/token-register';
import { EtcdProcess } from '../testing/etcd-process';
import { Admissions } from './admissions';
import { ClusterBootstrap } from './cluster-bootstrap';
import { HttpsJoinTransport, JOIN_PATH, RENEWAL_PATH } from './https-join-transport';

const PASSPHRASE = 'a passphrase of these tests';
const CLUSTER = { id: randomUUID(), name: 'lab' };

const factsOf = (nodeId: string, etcdClient = '127.0.0.1:2379'): NodeFacts => ({
  ...{ nodeId, name: `n-${nodeId.slice(0, 4)}`, version: '0.1.0', failureDomain: 'rack 1' },
  addresses: { management: '127.0.0.1', storage: '127.0.0.1' },
  etcd: { peer: '127.0.0.1:2380', client: etcdClient },
  ...{ threads: 8, memoryBytes: 2 ** 34, drives: [] },
});

/** A node that made a cluster, with etcd and a little API, as the product will have them. */
class Founder {
  private constructor(
    readonly etcd: EtcdProcess,
    readonly store: EtcdStore,
    readonly admissions: Admissions,
    readonly server: Server,
    readonly fingerprint: string,
    readonly port: number,
  ) {}

  static async start(path: string): Promise<Founder> {
    const directory = new IdentityDirectory(path);
    const nodeId = randomUUID();
    const etcd = await EtcdProcess.prepare(nodeId, directory.files);
    const node = factsOf(nodeId, etcd.endpoint);
    const bootstrap = new ClusterBootstrap({
      directory,
      transport: new HttpsJoinTransport({ directory, issuers: () => [], now: () => new Date() }),
      now: () => new Date(),
    });
    const names = { clusterId: CLUSTER.id, clusterName: CLUSTER.name };
    const { etcdEndpoints } = await bootstrap.init({ ...names, passphrase: PASSPHRASE, node });
    const [authority, credentials] = [await directory.authority(), await directory.credentials()];
    if (authority === null || credentials === null) throw new Error('init left no identity');
    await etcd.launch();
    const store = new EtcdStore({ endpoints: etcdEndpoints, credentials });
    await etcd.untilAnswered(() => store.get('/', { timeoutMs: 1000 }));
    const admissions = new Admissions({
      ...{ store, authority, passphrase: PASSPHRASE, cluster: CLUSTER, now: () => new Date() },
      etcdEndpoints: () => store.endpoints,
    });
    await admissions.enterFounder(node, credentials.certificatePem);
    const server = createServer({
      key: credentials.keyPem,
      cert: credentials.certificatePem + credentials.authorityPem,
      ca: credentials.authorityPem,
      requestCert: true,
      rejectUnauthorized: false,
    });
    const authorityCertificate = parseCertificate(credentials.authorityPem);
    server.on('request', (request, response) => {
      const answer = async (): Promise<unknown> => {
        const body: unknown = JSON.parse(await text(request));
        if (request.url === JOIN_PATH) return admissions.answer(joinRequestSchema.parse(body));
        if (request.url !== RENEWAL_PATH || !(request.socket instanceof TLSSocket)) return null;
        const certificate = request.socket.getPeerX509Certificate();
        if (certificate === undefined) return null;
        const now = new Date();
        const peer = verifyNode({ certificate, authority: authorityCertificate, now });
        if (peer.kind === 'refused') return null;
        const renewal = await admissions.renew(peer.nodeId, renewalRequestSchema.parse(body));
        return renewal === null ? null : { certificate: renewal };
      };
      void answer().then((content) => {
        response.statusCode = content === null ? 403 : 200;
        response.end(JSON.stringify(content ?? { title: 'Log in first' }));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const { fingerprint } = authority;
    return new Founder(etcd, store, admissions, server, fingerprint, address.port);
  }

  async token(): Promise<string> {
    const secret = randomBytes(SECRET_BYTES);
    const now = new Date();
    const expiresAt = new Date(now.getTime() + 60_000);
    const token = { id: randomUUID(), secret, expiresAt, approved: true, now };
    await new TokenRegister(this.store).add(token);
    const [clusterId, authorityFingerprint] = [CLUSTER.id, this.fingerprint];
    return formatJoinToken({ clusterId, authorityFingerprint, secret, expiresAt });
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    this.store.close();
    await this.etcd.stop();
  }
}

describe('a join over HTTPS', () => {
  let path: string;
  let founder: Founder;
  beforeAll(async () => {
    path = await mkdtemp(join(tmpdir(), 'cairn-join-'));
    founder = await Founder.start(join(path, 'founder'));
  });
  afterAll(async () => {
    await founder.stop();
    await rm(path, { recursive: true, force: true });
  });

  const joinerAt = (name: string, now = () => new Date()) => {
    const directory = new IdentityDirectory(join(path, name));
    const { port } = founder;
    const issuers = () => [{ host: '127.0.0.1', port }];
    const transport = new HttpsJoinTransport({ directory, issuers, now: () => new Date() });
    return { directory, bootstrap: new ClusterBootstrap({ directory, transport, now }) };
  };
  const request = (token: string) => ({
    ...{ host: '127.0.0.1', port: founder.port, token, node: factsOf(randomUUID()) },
    signal: AbortSignal.timeout(20_000),
    onProgress: () => undefined,
  });

  it('ends with a certificate that opens etcd, and that can be renewed', async () => {
    const { directory, bootstrap } = joinerAt('joiner');
    const file = await bootstrap.join(request(await founder.token()));
    const credentials = await directory.credentials();
    if (credentials === null) throw new Error('no credentials');
    const store = new EtcdStore({ endpoints: file.etcdEndpoints, credentials });
    const { items } = await store.list('/cairn/admission/');
    expect(items.some(({ key }) => key.endsWith(file.nodeId))).toBe(true);

    const later = () => new Date(Date.now() + 65 * 24 * 3600 * 1000);
    const { renewed } = await joinerAt('joiner', later).bootstrap.renew(
      factsOf(file.nodeId).addresses,
    );
    expect(renewed).toBe(true);
    const after = await directory.credentials();
    expect(after?.certificatePem).not.toBe(credentials.certificatePem);
    store.setCredentials(after ?? credentials);
    expect(await store.get('/')).toBeNull();
    store.close();
  });

  it('sends nothing to a cluster that is not the token’s', async () => {
    const stranger = await Founder.start(join(path, 'stranger'));
    const requests: string[] = [];
    stranger.server.on('request', ({ url }) => requests.push(String(url)));
    const token = await founder.token();
    const { bootstrap } = joinerAt('misled');
    await expect(bootstrap.join({ ...request(token), port: stranger.port })).rejects.toMatchObject({
      kind: 'untrusted',
    });
    expect(requests).toEqual([]);
    await stranger.stop();
  });

  it('gives no new certificate to a node that was removed', async () => {
    const { bootstrap } = joinerAt('removed');
    const { nodeId } = await bootstrap.join(request(await founder.token()));
    await founder.admissions.remove(nodeId);
    const later = () => new Date(Date.now() + 65 * 24 * 3600 * 1000);
    const again = joinerAt('removed', later).bootstrap;
    await expect(again.renew(factsOf(nodeId).addresses)).rejects.toMatchObject({
      kind: 'refused',
    });
  });
});
