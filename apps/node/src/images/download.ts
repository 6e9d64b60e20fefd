// Downloads by the service on behalf of a user. The danger is that the user makes the node fetch
// what only the node can reach: so every name is resolved first, addresses of the node itself, of
// link-local (cloud metadata) and other special ranges are refused, and the connection goes to the
// very address that was checked. Redirects are followed by hand, each hop checked alike.
//
// Private ranges (10/8, 172.16/12, 192.168/16, fc00::/7) are allowed: that is where a site's own
// image server stands.
import { lookup } from 'node:dns/promises';
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { BlockList, isIP } from 'node:net';
import { ProblemError } from '../platform/problem';

const REDIRECTS_MAX = 5;
const IDLE_MS = 30_000;

const refused = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['100.100.100.200', 32],
  ['192.0.0.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  refused.addSubnet(network, prefix, 'ipv4');
}
for (const [network, prefix] of [
  ['::', 128],
  ['::1', 128],
  ['fe80::', 10],
  ['ff00::', 8],
  ['fd00:ec2::254', 128],
  ['64:ff9b::', 96],
] as const) {
  refused.addSubnet(network, prefix, 'ipv6');
}

/** Whether the service must not connect to `address` for a user. */
export function isRefusedAddress(address: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return isRefusedAddress(mapped);
  const family = isIP(address);
  if (family === 0) return true;
  if (family === 6 && /^::ffff:/i.test(address)) return true;
  return refused.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

export interface Download {
  readonly body: IncomingMessage;
  /** Null when the server does not tell. */
  readonly sizeBytes: number | null;
}

export interface DownloadOptions {
  readonly signal: AbortSignal;
  /** Tests download from loopback. */
  readonly isRefused?: (address: string) => boolean;
}

/** Opens `url`; the caller reads the body to its end or destroys it. Throws `media.*` problems. */
export async function openDownload(url: string, options: DownloadOptions): Promise<Download> {
  let next = new URL(url);
  for (let hop = 0; hop <= REDIRECTS_MAX; hop += 1) {
    const address = await checkedAddress(next, options.isRefused ?? isRefusedAddress);
    const response = await get(next, address, options.signal);
    const status = response.statusCode ?? 0;
    const { location } = response.headers;
    if (status >= 300 && status < 400 && location !== undefined) {
      response.destroy();
      next = redirectTarget(location, next);
      continue;
    }
    if (status !== 200) {
      response.destroy();
      throw failed(`the server answered ${status}`);
    }
    const length = Number(response.headers['content-length'] ?? Number.NaN);
    return { body: response, sizeBytes: Number.isSafeInteger(length) ? length : null };
  }
  throw failed(`more than ${REDIRECTS_MAX} redirects`);
}

function redirectTarget(location: string, from: URL): URL {
  try {
    return new URL(location, from);
  } catch {
    throw failed('the server redirects to something that is not an address');
  }
}

async function checkedAddress(
  url: URL,
  isRefused: (address: string) => boolean,
): Promise<{ address: string; family: number }> {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new ProblemError('media.urlRefused', 'Only http and https addresses are downloaded.');
  }
  if (url.username !== '' || url.password !== '') {
    throw new ProblemError('media.urlRefused', 'The address must not contain credentials.');
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const found = await resolve(host);
  if (found.some(({ address }) => isRefused(address))) {
    throw new ProblemError(
      'media.urlRefused',
      `${url.hostname} is an address of the node itself or of a special network.`,
    );
  }
  const [first] = found;
  if (first === undefined) throw failed(`${host} has no address`);
  return first;
}

async function resolve(host: string): Promise<{ address: string; family: number }[]> {
  try {
    return await lookup(host, { all: true });
  } catch {
    throw failed(`the name ${host} cannot be resolved`);
  }
}

async function get(
  url: URL,
  target: { readonly address: string; readonly family: number },
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const options: RequestOptions = {
    method: 'GET',
    headers: { 'User-Agent': 'cairn', 'Accept-Encoding': 'identity' },
    signal,
    timeout: IDLE_MS,
    lookup: (_host, lookupOptions, callback) => {
      if (lookupOptions.all === true) callback(null, [target]);
      else callback(null, target.address, target.family);
    },
  };
  return new Promise((resolvePromise, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = send(url, options, resolvePromise);
    request.once('timeout', () => request.destroy(new Error('no byte for 30 seconds')));
    request.once('error', (error) => reject(failed(error.message)));
    request.end();
  });
}

function failed(why: string): ProblemError {
  return new ProblemError('media.downloadFailed', `The download failed: ${why}.`);
}
