import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { isRefusedAddress, openDownload } from './download';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function serve(handler: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`;
}

const anyAddress = {
  signal: AbortSignal.timeout(5_000),
  isRefused: () => false,
};

describe('a download for a user', () => {
  it('never connects to the node itself, link-local, multicast or metadata addresses', () => {
    for (const address of [
      '127.0.0.1',
      '0.0.0.0',
      '169.254.169.254',
      '100.100.100.200',
      '224.0.0.1',
      '::1',
      '::',
      'fe80::1',
      'fd00:ec2::254',
      '::ffff:127.0.0.1',
      '::ffff:7f00:1',
      'no address',
    ]) {
      expect(`${address} ${isRefusedAddress(address)}`).toBe(`${address} true`);
    }
    for (const address of ['10.1.2.3', '192.168.1.1', '93.184.216.34', '2606:2800::1']) {
      expect(`${address} ${isRefusedAddress(address)}`).toBe(`${address} false`);
    }
  });

  it('refuses names that resolve to such an address', async () => {
    const signal = AbortSignal.timeout(5_000);
    await expect(openDownload('http://localhost:1/x', { signal })).rejects.toThrow(
      'media.urlRefused',
    );
    await expect(openDownload('http://[::1]/x', { signal })).rejects.toThrow('media.urlRefused');
    await expect(openDownload('http://2130706433/', { signal })).rejects.toThrow(
      'media.urlRefused',
    );
  });

  it('follows a few redirects and checks each of them', async () => {
    const target = await serve((_, response) => response.end('content'));
    const source = await serve((_, response) => {
      response.writeHead(302, { location: `${target}/file` }).end();
    });
    const { body, sizeBytes } = await openDownload(source, anyAddress);
    body.destroy();
    expect(sizeBytes).toBe(7);
    const other = { ...anyAddress, isRefused: () => servers.length > 1 };
    await expect(openDownload(source, other)).rejects.toThrow('media.urlRefused');
  });

  it('ends a loop of redirects, and says what the server answered', async () => {
    const loop = await serve((_, response) => response.writeHead(302, { location: '/' }).end());
    await expect(openDownload(loop, anyAddress)).rejects.toThrow('redirects');
    const missing = await serve((_, response) => response.writeHead(404).end());
    await expect(openDownload(missing, anyAddress)).rejects.toThrow('answered 404');
    const file = await serve((_, response) =>
      response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    );
    await expect(openDownload(file, anyAddress)).rejects.toThrow('media.urlRefused');
  });
});
