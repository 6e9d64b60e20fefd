/** `node.json`: who this node is and which local ports it took; written once, kept for ever. */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

const port = z.number().int().min(1).max(65_535);

const nodeFileSchema = z.strictObject({
  schema: z.literal(1),
  nodeId: z.uuid(),
  clusterId: z.uuid(),
  nodeName: z.string().min(1),
  ports: z.strictObject({ etcdClient: port, etcdPeer: port, postgres: port, api: port }),
  defaultDriveMade: z.boolean(),
  /** Everything answered at least once: the one-time password was shown. */
  startedOnce: z.boolean(),
});

export type NodeFile = z.infer<typeof nodeFileSchema>;
export type Ports = NodeFile['ports'];

/** Reads the node's file, or makes a new identity. */
export async function loadNodeFile(stateDir: string): Promise<NodeFile> {
  const path = join(stateDir, 'node.json');
  if (existsSync(path)) {
    const parsed = nodeFileSchema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
    if (!parsed.success) throw new Error(`${path} is damaged: ${z.prettifyError(parsed.error)}`);
    return parsed.data;
  }
  const [etcdClient, etcdPeer, postgres, api] = await freePorts();
  const node: NodeFile = {
    schema: 1,
    nodeId: randomUUID(),
    clusterId: randomUUID(),
    nodeName: hostname().split('.')[0] ?? 'n1',
    ports: { etcdClient, etcdPeer, postgres, api },
    defaultDriveMade: false,
    startedOnce: false,
  };
  saveNodeFile(stateDir, node);
  return node;
}

/** Replaces the file in one step: a crash leaves the old one or the new one. */
export function saveNodeFile(stateDir: string, node: NodeFile): void {
  const path = join(stateDir, 'node.json');
  writeFileSync(`${path}.new`, `${JSON.stringify(node, null, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
}

/** Gives ports that another program took meanwhile a new number. */
export async function refreshPorts(ports: Ports): Promise<Ports> {
  const fresh = { ...ports };
  for (const name of ['etcdClient', 'etcdPeer', 'postgres', 'api'] as const) {
    if (!(await isFree('127.0.0.1', ports[name]))) fresh[name] = await freePort();
  }
  return fresh;
}

/** True when `host:port` can be listened on at this moment. */
export async function isFree(host: string, portNumber: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen({ host, port: portNumber, exclusive: true }, () => {
      server.close(() => resolve(true));
    });
  });
}

async function freePorts(): Promise<[number, number, number, number]> {
  const ports = new Set<number>();
  while (ports.size < 4) ports.add(await freePort());
  const [first = 0, second = 0, third = 0, fourth = 0] = [...ports];
  return [first, second, third, fourth];
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0 }, () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
        else reject(new Error('The system gave no free port.'));
      });
    });
  });
}
