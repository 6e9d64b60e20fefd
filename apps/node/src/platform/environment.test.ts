import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseEnvironment } from './environment';
import { ifMatchOf, preferWaitMsOf } from './request-context';

const home = mkdtempSync(join(tmpdir(), 'cairn-env-'));
const urlFile = join(home, 'url');
writeFileSync(urlFile, 'postgres://x\n');
afterAll(() => rmSync(home, { recursive: true }));

const variables = {
  CAIRN_NODE_ID: '3f2b6a1e-9a3d-4f0e-8b57-0d9a4f6f2c11',
  CAIRN_NODE_NAME: 'n1',
  CAIRN_CLUSTER_ID: '3f2b6a1e-9a3d-4f0e-8b57-0d9a4f6f2c12',
  CAIRN_STATE_DIR: '/state',
  CAIRN_RUN_DIR: '/run/x',
  CAIRN_ETCD_ENDPOINTS: '127.0.0.1:2379, 127.0.0.1:3379',
  CAIRN_DATABASE_URL_FILE: urlFile,
  CAIRN_STORAGE_SOCKET: '/run/x/storage.sock',
};

describe('the environment', () => {
  it('is read once, with its defaults', () => {
    expect(parseEnvironment(variables)).toMatchObject({
      listen: { host: '127.0.0.1', port: 8443 },
      databaseUrl: 'postgres://x',
      etcdEndpoints: ['127.0.0.1:2379', '127.0.0.1:3379'],
      tls: null,
    });
  });

  it('names the variable that is wrong', () => {
    expect(() => parseEnvironment({ ...variables, CAIRN_NODE_ID: 'x' })).toThrow('CAIRN_NODE_ID');
    expect(() => parseEnvironment({ ...variables, CAIRN_LISTEN: 'x' })).toThrow('CAIRN_LISTEN');
    expect(() => parseEnvironment({})).toThrow('CAIRN_RUN_DIR');
    const missing = { ...variables, CAIRN_DATABASE_URL_FILE: '/nowhere/url' };
    expect(() => parseEnvironment(missing)).toThrow('cannot read /nowhere/url');
  });

  it('refuses to serve other machines in clear', () => {
    const open = { ...variables, CAIRN_LISTEN: '0.0.0.0:8443' };
    expect(() => parseEnvironment(open)).toThrow('only loopback');
  });
});

describe('request headers', () => {
  it('carry an ETag of ours, or none', () => {
    expect(ifMatchOf('"17"')).toBe(17);
    expect(ifMatchOf('*')).toBeNull();
    expect(ifMatchOf(undefined)).toBeNull();
    expect(() => ifMatchOf('"abc"')).toThrow('request.malformed');
  });

  it('may prefer to wait, within bounds', () => {
    expect(preferWaitMsOf('wait=5')).toBe(5_000);
    expect(preferWaitMsOf('respond-async, wait=9999')).toBe(60_000);
    expect(preferWaitMsOf('wait=-1')).toBe(0);
    expect(preferWaitMsOf(undefined)).toBe(0);
  });
});
