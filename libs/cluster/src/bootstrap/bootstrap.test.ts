import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JoinAnswer, JoinRequest, NodeFacts } from '@cairn/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FakeKeyValueStore } from '../fake-key-value-store';
import {
  keyFingerprintOf,
  parseCertificate,
  type CertificateAuthority,
} from '../identity/certificate-authority';
import { IdentityDirectory } from '../identity/identity-directory';
import { verifyNode } from '../identity/trust';
import { formatJoinToken, SECRET_BYTES } from '../join/join-token';
import { TokenRegister } from '../join/token-register';
import { Admissions } from './admissions';
import {
  ClusterBootstrap,
  JoinError,
  type JoinProgress,
  type JoinTransport,
} from './cluster-bootstrap';

const PASSPHRASE = 'a passphrase of these tests';
const CLUSTER = { id: randomUUID(), name: 'lab' };
let now = new Date('2026-11-21T12:00:00Z');

const factsOf = (nodeId: string): NodeFacts => ({
  ...{ nodeId, name: `n-${nodeId.slice(0, 4)}`, version: '0.1.0', failureDomain: 'rack 1' },
  addresses: { management: '10.0.0.2', storage: '10.1.0.2' },
  etcd: { peer: '10.1.0.2:2380', client: '10.1.0.2:2379' },
  ...{ threads: 8, memoryBytes: 2 ** 34, drives: [] },
});

class Crash extends Error {}

/** A directory that dies at its n-th write. */
class DyingDirectory extends IdentityDirectory {
  constructor(
    path: string,
    private writesLeft: number,
  ) {
    super(path);
  }

  override async write(name: string, content: string): Promise<void> {
    this.writesLeft -= 1;
    if (this.writesLeft < 0) throw new Crash();
    await super.write(name, content);
  }
}

/** What an init leaves behind; made once, for certificates take time. */
interface Founding {
  readonly node: NodeFacts;
  readonly authority: CertificateAuthority;
  readonly certificatePem: string;
}

async function found(path: string): Promise<Founding> {
  const node = factsOf(randomUUID());
  const directory = new IdentityDirectory(path);
  const transport = { findAuthority: fail, join: fail, renew: fail };
  const bootstrap = new ClusterBootstrap({ directory, transport, now: () => now });
  const init = { clusterId: CLUSTER.id, clusterName: CLUSTER.name, passphrase: PASSPHRASE };
  await bootstrap.init({ ...init, node });
  const [authority, own] = [await directory.authority(), await directory.credentials()];
  if (authority === null || own === null) throw new Error('init left no identity');
  return { node, authority, certificatePem: own.certificatePem };
}

/** A cluster of one node, and joiners that reach it by calls. */
class World {
  readonly store = new FakeKeyValueStore();
  readonly tokens = new TokenRegister(this.store);
  readonly desk: Admissions;
  readonly founder: NodeFacts;
  readonly authorityPem: string;
  readonly fingerprint: string;
  lostAnswers = 0;
  forge: (answer: JoinAnswer) => JoinAnswer = (answer) => answer;

  constructor(
    private readonly path: string,
    { node, authority }: Founding,
  ) {
    this.founder = node;
    this.authorityPem = authority.material.certificatePem;
    this.fingerprint = authority.fingerprint;
    this.desk = new Admissions({
      ...{ store: this.store, authority, passphrase: PASSPHRASE, cluster: CLUSTER },
      etcdEndpoints: () => ['10.1.0.1:2379'],
      now: () => now,
    });
  }

  transport(nodeId: string): JoinTransport {
    return {
      findAuthority: () =>
        Promise.resolve({ authorityPem: this.authorityPem, nodeId: this.founder.nodeId }),
      join: async (_, request: JoinRequest) => {
        const answer = await this.desk.answer(request);
        if (this.lostAnswers > 0) {
          this.lostAnswers -= 1;
          throw new JoinError('unavailable', 'the answer was lost');
        }
        return this.forge(answer);
      },
      renew: async (request) => {
        const certificate = await this.desk.renew(nodeId, request);
        if (certificate === null) throw new JoinError('refused', 'not of this cluster');
        return { certificate };
      },
    };
  }

  async token(approved: boolean): Promise<string> {
    const secret = randomBytes(SECRET_BYTES);
    const expiresAt = new Date(now.getTime() + 3600_000);
    await this.tokens.add({ id: randomUUID(), secret, expiresAt, approved, now });
    const clusterId = CLUSTER.id;
    return formatJoinToken({
      clusterId,
      authorityFingerprint: this.fingerprint,
      secret,
      expiresAt,
    });
  }

  joiner(nodeId: string, writes = 1000): Joiner {
    const directory = new DyingDirectory(join(this.path, nodeId), writes);
    const transport = this.transport(nodeId);
    return new Joiner(factsOf(nodeId), directory, transport);
  }
}

class Joiner {
  readonly progress: JoinProgress[] = [];
  readonly bootstrap: ClusterBootstrap;
  private readonly ending = new AbortController();

  constructor(
    readonly node: NodeFacts,
    readonly directory: IdentityDirectory,
    transport: JoinTransport,
  ) {
    this.bootstrap = new ClusterBootstrap({ directory, transport, now: () => now });
  }

  /** Gives up at the first time it has to wait for somebody. */
  join(token: string): ReturnType<ClusterBootstrap['join']> {
    const onProgress = (progress: JoinProgress): void => {
      this.progress.push(progress);
      if (progress.kind === 'waiting') this.ending.abort();
    };
    const { node, ending } = this;
    const where = { host: '10.0.0.1', port: 8443 };
    return this.bootstrap.join({ ...where, token, node, signal: ending.signal, onProgress });
  }
}

const fail = (): Promise<never> => Promise.reject(new Error('not used'));

describe('a cluster and its joiners', () => {
  let path: string;
  let founding: Founding;
  let world: World;
  beforeAll(async () => {
    path = await mkdtemp(join(tmpdir(), 'cairn-bootstrap-'));
    founding = await found(join(path, 'founder'));
  });
  afterAll(() => rm(path, { recursive: true, force: true }));
  beforeEach(async () => {
    now = new Date('2026-11-21T12:00:00Z');
    world = new World(path, founding);
    await world.desk.enterFounder(founding.node, founding.certificatePem);
  });

  it('lets a joiner with an approved token in, with a certificate that names it', async () => {
    const joiner = world.joiner(randomUUID());
    const file = await joiner.join(await world.token(true));
    const nodeId = joiner.node.nodeId;
    const etcdEndpoints = ['10.1.0.1:2379'];
    expect(file).toEqual({
      ...{ schema: 1, clusterId: CLUSTER.id, clusterName: CLUSTER.name, nodeId, etcdEndpoints },
    });
    expect(await joiner.bootstrap.cluster()).toEqual(file);
    expect(await joiner.bootstrap.pendingJoin()).toBeNull();
    const own = await joiner.directory.credentials();
    const certificate = parseCertificate(own?.certificatePem ?? '');
    const authority = parseCertificate(world.authorityPem);
    expect(verifyNode({ certificate, authority, now, nodeId }).kind).toBe('trusted');
    expect(certificate.checkIP('10.1.0.2')).toBe('10.1.0.2');
    expect((await joiner.directory.authority())?.fingerprint).toBe(world.fingerprint);
  });

  it('lets a joiner wait until an operator has compared its key', async () => {
    const nodeId = randomUUID();
    const token = await world.token(false);
    await expect(world.joiner(nodeId).join(token)).rejects.toMatchObject({ kind: 'unavailable' });
    const [candidate] = (await world.desk.list()).filter(({ admitted }) => !admitted);
    expect(candidate).toMatchObject({ node: { nodeId }, state: 'waiting' });
    const again = world.joiner(nodeId);
    await again.join(token).catch(() => undefined);
    const shown = again.progress.find(({ kind }) => kind === 'waiting');
    expect(shown).toEqual({ kind: 'waiting', keyFingerprint: candidate?.keyFingerprint });
    expect(await world.desk.approve(nodeId, '0'.repeat(64))).toBe(false);
    expect(await world.desk.approve(nodeId, candidate?.keyFingerprint ?? '')).toBe(true);
    expect((await world.joiner(nodeId).join(token)).nodeId).toBe(nodeId);
  });

  it('turns away whom the operator refuses, and forgets its key', async () => {
    const nodeId = randomUUID();
    const token = await world.token(false);
    await world
      .joiner(nodeId)
      .join(token)
      .catch(() => undefined);
    expect(await world.desk.refuse(nodeId)).toBe(true);
    const joiner = world.joiner(nodeId);
    await expect(joiner.join(token)).rejects.toMatchObject({ kind: 'refused' });
    expect(await joiner.directory.read('node.key')).toBeNull();
  });

  it('can be killed at any write of a join, and goes on', async () => {
    let deaths = 0;
    for (let writes = 0; ; writes += 1) {
      const nodeId = randomUUID();
      const token = await world.token(true);
      const died = await world
        .joiner(nodeId, writes)
        .join(token)
        .then(
          () => false,
          (error: unknown) => error instanceof Crash,
        );
      const joiner = world.joiner(nodeId);
      if (died) {
        deaths += 1;
        const pending = await joiner.bootstrap.pendingJoin();
        if (writes > 0) expect(pending?.token).toBe(token);
        await joiner.join(token);
      }
      const own = await joiner.directory.credentials();
      const { items } = await world.store.list('/cairn/admission/');
      const kept = items.find(({ key }) => key.endsWith(nodeId))?.value ?? '';
      expect(JSON.parse(kept)).toMatchObject({ certificate: own?.certificatePem });
      if (!died) break;
    }
    expect(deaths).toBeGreaterThan(4);
  });

  it('can be killed at any write of an init, and goes on', async () => {
    for (let writes = 0, died = true; died; writes += 1) {
      const at = join(path, randomUUID());
      const init = (directory: IdentityDirectory) =>
        new ClusterBootstrap({ directory, transport: world.transport(''), now: () => now }).init({
          ...{ clusterId: CLUSTER.id, clusterName: 'x', passphrase: PASSPHRASE },
          node: world.founder,
        });
      died = await init(new DyingDirectory(at, writes)).then(
        () => false,
        () => true,
      );
      const directory = new IdentityDirectory(at);
      await init(directory);
      expect(await directory.credentials()).not.toBeNull();
      expect(await directory.authority()).not.toBeNull();
    }
  });

  it('gives the same certificate again when an answer was lost', async () => {
    world.lostAnswers = 2;
    const joiner = world.joiner(randomUUID());
    await joiner.join(await world.token(true));
    expect(joiner.progress.map(({ kind }) => kind)).toEqual([
      'trusted',
      'unavailable',
      'unavailable',
    ]);
  });

  it('refuses a used token, another cluster’s token, and the id of a node that belongs', async () => {
    const token = await world.token(true);
    await world.joiner(randomUUID()).join(token);
    await expect(world.joiner(randomUUID()).join(token)).rejects.toThrow(/used by another node/);
    await expect(world.joiner(world.founder.nodeId).join(await world.token(true))).rejects.toThrow(
      /belongs to the cluster/,
    );
    const secret = randomBytes(SECRET_BYTES);
    const [clusterId, expiresAt] = [randomUUID(), new Date(now.getTime() + 1000)];
    const foreign = { clusterId, authorityFingerprint: world.fingerprint, secret, expiresAt };
    await expect(world.joiner(randomUUID()).join(formatJoinToken(foreign))).rejects.toThrow(
      /of another cluster/,
    );
  });

  it('believes no certificate that is for another node or another key', async () => {
    const [other, own] = [world.joiner(randomUUID()), world.joiner(randomUUID())];
    await other.join(await world.token(true));
    const stolen = await other.directory.credentials();
    world.forge = (answer) =>
      answer.state === 'admitted'
        ? {
            ...answer,
            admission: { ...answer.admission, certificate: stolen?.certificatePem ?? '' },
          }
        : answer;
    await expect(own.join(await world.token(true))).rejects.toMatchObject({ kind: 'untrusted' });
    expect(await own.bootstrap.cluster()).toBeNull();
  });

  it('does not take a node out of its cluster', async () => {
    const joiner = world.joiner(randomUUID());
    await joiner.join(await world.token(true));
    const init = { clusterId: randomUUID(), clusterName: 'y', passphrase: PASSPHRASE };
    await expect(joiner.bootstrap.init({ ...init, node: world.founder })).rejects.toMatchObject({
      kind: 'conflict',
    });
    await joiner.bootstrap.giveUp();
    expect(await joiner.directory.credentials()).not.toBeNull();
  });

  it('gives the authority’s key to the first three nodes only', async () => {
    const issuers: boolean[] = [];
    for (let n = 0; n < 4; n += 1) {
      const joiner = world.joiner(randomUUID());
      await joiner.join(await world.token(true));
      issuers.push((await joiner.directory.authority()) !== null);
    }
    expect(issuers).toEqual([true, true, false, false]);
  });

  it('renews a certificate in time, with the same key, and not for a node that was removed', async () => {
    const joiner = world.joiner(randomUUID());
    await joiner.join(await world.token(true));
    const addresses = { management: '10.0.0.9', storage: '10.0.0.9' };
    expect(await joiner.bootstrap.renew(addresses)).toMatchObject({ renewed: false });
    const before = await joiner.directory.credentials();
    now = new Date('2027-01-25T12:00:00Z');
    expect(await joiner.bootstrap.renew(addresses)).toMatchObject({ renewed: true });
    const after = await joiner.directory.credentials();
    expect(after?.keyPem).toBe(before?.keyPem);
    const renewed = parseCertificate(after?.certificatePem ?? '');
    expect(renewed.checkIP('10.0.0.9')).toBe('10.0.0.9');

    await world.desk.remove(joiner.node.nodeId);
    expect(await world.desk.revokedKeys()).toEqual(new Set([keyFingerprintOf(renewed)]));
    now = new Date('2027-04-01T12:00:00Z');
    await expect(joiner.bootstrap.renew(addresses)).rejects.toMatchObject({ kind: 'refused' });
    now = new Date('2027-08-01T12:00:00Z');
    expect(await world.desk.revokedKeys()).toEqual(new Set());
  });

  it('comes up again after a sleep that was longer than its certificates live', async () => {
    const joiners: Joiner[] = [];
    for (let n = 0; n < 3; n += 1) {
      const joiner = world.joiner(randomUUID());
      await joiner.join(await world.token(true));
      joiners.push(joiner);
    }
    now = new Date('2028-01-01T12:00:00Z');
    const { addresses } = world.founder;
    const [issuer, , other] = joiners;
    expect(await issuer?.bootstrap.renew(addresses)).toMatchObject({
      ...{ renewed: true, decision: { kind: 'expired' } },
    });
    // The third keeps no key of the authority: it has to ask, which its ended certificate does not allow.
    expect(await other?.directory.authority()).toBeNull();
    const own = await issuer?.directory.credentials();
    const certificate = parseCertificate(own?.certificatePem ?? '');
    const authority = parseCertificate(world.authorityPem);
    expect(verifyNode({ certificate, authority, now }).kind).toBe('trusted');
  });
});
