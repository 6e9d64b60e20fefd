import { describe, expect, it } from 'vitest';
import { describeEvent, jsonReporter, type ReadyEvent } from './report';

const ready: ReadyEvent = {
  event: 'ready',
  url: 'https://127.0.0.1:8443/',
  fingerprint: 'AA:BB',
  dataDir: '/srv/cairn',
  runDir: '/run/cairn/0/n1',
  logDir: '/srv/cairn/n1/log',
  secretsDir: '/srv/cairn/n1/secrets',
  etcdEndpoint: '127.0.0.1:2379',
  pids: {},
  firstStart: true,
  bootstrapPassword: 'abcde-fghjk',
  acceleration: 'software emulation',
  limits: [],
};

describe('what the supervisor says', () => {
  it('shows the one-time password and where to find it again at the first start', () => {
    const text = describeEvent(ready);
    expect(text).toContain('https://127.0.0.1:8443/');
    expect(text).toContain('abcde-fghjk');
    expect(text).toContain('/srv/cairn/n1/secrets/bootstrap-password');
  });

  it('shows no password later, and the limits only without root', () => {
    const text = describeEvent({ ...ready, bootstrapPassword: undefined, limits: ['no bridges'] });
    expect(text).not.toContain('one-time password');
    expect(text).toContain('Not running as root');
    expect(text).toContain('- no bridges');
    expect(describeEvent(ready)).not.toContain('Not running as root');
  });

  it('writes one JSON line per event for programs', () => {
    const lines: string[] = [];
    jsonReporter((text) => lines.push(text))({ event: 'recovered', service: 'etcd' });
    expect(lines).toEqual(['{"event":"recovered","service":"etcd"}\n']);
  });
});
