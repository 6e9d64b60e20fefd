/** The node's etcd member: one member on loopback; its timing is docs/internals' and cluster-wide. */
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { confine, giveTo, serviceUser, type ServiceUser } from './confine';
import type { Layout } from './layout';
import type { NodeFile } from './node-file';
import type { ServiceSpec } from './service';

const PROBE_TIMEOUT_MS = 1000;
const QUOTA_BYTES = 256 * 1024 * 1024;

/** The etcd service; `node` is read at each start. */
export function etcdService(layout: Layout, node: NodeFile): ServiceSpec {
  const user = serviceUser('etcd');
  const client = `http://127.0.0.1:${node.ports.etcdClient}`;
  return {
    name: 'etcd',
    prepare: () => {
      prepareDirectory(layout.etcdDir, user);
      return Promise.resolve();
    },
    command: () => ({
      argv: confine(
        {
          user,
          directory: layout.etcdDir,
          bindPoint: join(layout.runDir, 'etcd'),
          deathSignal: 'TERM',
        },
        (directory) => ['etcd', ...memberFlags(directory, node)],
      ),
      cwd: '/',
    }),
    isHealthy: async () => {
      const answer = await fetch(`${client}/health`, {
        signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
      });
      return answer.ok && /"health"\s*:\s*"true"/.test(await answer.text());
    },
    startWithinMs: 30_000,
    stop: [{ signal: 'SIGTERM', withinMs: 10_000 }],
  };
}

function memberFlags(directory: string, { ports, clusterId }: NodeFile): readonly string[] {
  const client = `http://127.0.0.1:${ports.etcdClient}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  return [
    ...['--name', 'n1', '--data-dir', directory],
    ...['--listen-client-urls', client, '--advertise-client-urls', client],
    ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
    ...['--initial-cluster', `n1=${peer}`, '--initial-cluster-token', clusterId],
    ...['--heartbeat-interval', '50', '--election-timeout', '500', '--pre-vote=true'],
    ...['--auto-compaction-mode', 'periodic', '--auto-compaction-retention', '1h'],
    ...['--quota-backend-bytes', String(QUOTA_BYTES), '--logger', 'zap', '--log-outputs', 'stderr'],
  ];
}

function prepareDirectory(directory: string, user: ServiceUser | undefined): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (user !== undefined && statSync(directory).uid !== user.uid) giveTo(user, directory);
}
