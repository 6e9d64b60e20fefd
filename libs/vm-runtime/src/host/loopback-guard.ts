/**
 * Keeps guests with user-mode networking away from the host's own services.
 *
 * In such a network the address of the gateway is the host's loopback: a guest would reach etcd,
 * PostgreSQL and whatever else trusts 127.0.0.1. QEMU opens these connections as the VM's user, so
 * a packet filter can refuse them by user. Connections from the host to the guest (forwards) are
 * not begun by QEMU and pass; so does name resolution, which may be a local service.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const DEADLINE_MS = 5000;

/** Pure: the rules for the users from `uidFirst` to `uidLast`, in place of earlier ones. */
export function loopbackRules(uidFirst: number, uidLast: number): string {
  const begun = `meta skuid ${uidFirst}-${uidLast} oifname "lo"`;
  return [
    'table inet cairn_guests',
    'delete table inet cairn_guests',
    'table inet cairn_guests {',
    '  chain output {',
    '    type filter hook output priority 0; policy accept;',
    `    ${begun} tcp dport != 53 tcp flags & (syn | ack) == syn reject`,
    `    ${begun} udp dport != 53 reject`,
    '  }',
    '}',
    '',
  ].join('\n');
}

/** Installs the rules; what went wrong, or `null`. Needs root. */
export async function guardLoopback(uidFirst: number, uidLast: number): Promise<string | null> {
  const nft = spawn('nft', ['-f', '-'], {
    stdio: ['pipe', 'ignore', 'pipe'],
    timeout: DEADLINE_MS,
  });
  let complaint = '';
  nft.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(0, 500);
  });
  nft.stdin.on('error', () => undefined);
  nft.stdin.end(loopbackRules(uidFirst, uidLast));
  try {
    const [code] = (await once(nft, 'close')) as [number | null];
    return code === 0 ? null : complaint.trim() || 'nft failed';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
