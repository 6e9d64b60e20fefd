import { describe, expect, it } from 'vitest';
import { endpointSchema, joinAnswerSchema, joinRequestSchema, nodeAddressSchema } from './joining';
import { joinTokenCreateSchema } from './join-tokens';

const request = {
  protocol: 1,
  clusterId: '0b9c6a4e-6a35-4c07-9a4e-6d1a52f0a001',
  secret: 'ab'.repeat(20),
  certificateRequest:
    '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n',
  node: {
    nodeId: '0b9c6a4e-6a35-4c07-9a4e-6d1a52f0a002',
    name: 'n2',
    version: '0.1.0',
    addresses: { management: '10.0.0.2', storage: 'fd00::2' },
    failureDomain: 'rack 1',
    etcd: { peer: '10.0.0.2:2380', client: '10.0.0.2:2379' },
    threads: 8,
    memoryBytes: 2 ** 34,
    drives: [{ path: '/dev/sdb', tier: 'ssd', model: null, serial: 'x', sizeBytes: 2 ** 40 }],
  },
};

describe('the words of a join', () => {
  it('take a complete request', () => {
    expect(joinRequestSchema.parse(request)).toEqual(request);
  });

  it.each([
    ['another protocol', { protocol: 2 }],
    ['a field it does not know', { surprise: 1 }],
    ['a short secret', { secret: 'abcd' }],
    ['a request with more than PEM', { certificateRequest: `${request.certificateRequest}x` }],
    ['a name with a slash', { node: { ...request.node, name: 'a/b' } }],
    [
      'too many drives',
      { node: { ...request.node, drives: Array(257).fill(request.node.drives[0]) } },
    ],
  ])('refuse %s', (_, change) => {
    expect(joinRequestSchema.safeParse({ ...request, ...change }).success).toBe(false);
  });

  it.each(['10.0.0.1', 'fd00::1', '::1', 'n1', 'n1.example.org', 'a-b.c'])(
    'take the address %s',
    (address) => {
      expect(nodeAddressSchema.safeParse(address).success).toBe(true);
    },
  );

  it.each(['', '10.0.0.256', 'N1', '-a', 'a..b', 'a b', 'a/b', '*.a', 'a:1', '[::1]'])(
    'refuse the address “%s”',
    (address) => {
      expect(nodeAddressSchema.safeParse(address).success).toBe(false);
    },
  );

  it('take endpoints of either family and refuse those without a port', () => {
    for (const good of ['10.0.0.1:2379', '[fd00::1]:2379', 'n1.lan:1']) {
      expect(endpointSchema.safeParse(good).success).toBe(true);
    }
    for (const bad of ['10.0.0.1', 'n1:', 'n1:0', 'http://n1:1', '']) {
      expect(endpointSchema.safeParse(bad).success).toBe(false);
    }
  });

  it('bound how long a token lives', () => {
    expect(joinTokenCreateSchema.parse({})).toEqual({ expiresInSeconds: 3600, approved: false });
    expect(joinTokenCreateSchema.safeParse({ expiresInSeconds: 8 * 86_400 }).success).toBe(false);
  });

  it('tell the three answers apart', () => {
    const waiting = { state: 'waiting', keyFingerprint: 'a'.repeat(64), retryAfterSeconds: 2 };
    expect(joinAnswerSchema.parse(waiting)).toEqual(waiting);
    expect(joinAnswerSchema.safeParse({ state: 'admitted' }).success).toBe(false);
    expect(joinAnswerSchema.safeParse({ ...waiting, state: 'refused' }).success).toBe(false);
  });
});
