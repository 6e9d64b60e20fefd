import { describe, expect, it } from 'vitest';
import { ConfigError, parseConfig } from './config';

const GOOD = {
  CAIRN_NODE_ID: '0B9C6A4E-6a35-4c07-9a4e-6d1a52f0a001',
  CAIRN_CLUSTER_ID: '0b9c6a4e-6a35-4c07-9a4e-6d1a52f0a002',
  CAIRN_STATE_DIR: '/var/lib/cairn/n1',
  CAIRN_RUN_DIR: '/run/cairn/n1',
  CAIRN_ETCD_ENDPOINTS: '127.0.0.1:2379,127.0.0.1:2479',
};

describe('parseConfig', () => {
  it('takes what is given and derives the rest', () => {
    expect(parseConfig({ ...GOOD, PATH: '/bin' })).toEqual({
      nodeId: '0b9c6a4e-6a35-4c07-9a4e-6d1a52f0a001',
      clusterId: '0b9c6a4e-6a35-4c07-9a4e-6d1a52f0a002',
      fileDirectory: '/var/lib/cairn/n1/storage',
      socketDirectory: '/run/cairn/n1/volumes',
      etcdEndpoints: ['127.0.0.1:2379', '127.0.0.1:2479'],
      controlSocket: '/run/cairn/n1/storage.sock',
      controlSocketGid: null,
      logLevel: 'info',
    });
  });

  it.each([
    ['CAIRN_NODE_ID', 'n1'],
    ['CAIRN_STATE_DIR', 'relative'],
    ['CAIRN_ETCD_ENDPOINTS', 'http://127.0.0.1:2379'],
    ['CAIRN_ETCD_ENDPOINTS', ''],
    ['CAIRN_STORAGE_SOCKET', `/${'x'.repeat(107)}`],
    ['CAIRN_RUN_DIR', `/${'x'.repeat(80)}`],
    ['CAIRN_LOG_LEVEL', 'loud'],
  ])('names %s when it is %j', (name, value) => {
    const parse = (): unknown => parseConfig({ ...GOOD, [name]: value });
    expect(parse).toThrow(ConfigError);
    expect(parse).toThrow(name);
  });

  it('names everything that is missing in one line', () => {
    expect(() => parseConfig({})).toThrow(/CAIRN_NODE_ID.*CAIRN_CLUSTER_ID.*CAIRN_RUN_DIR/);
    expect(() => parseConfig({})).not.toThrow(/\n/);
  });
});
