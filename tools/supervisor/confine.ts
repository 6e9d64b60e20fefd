/**
 * Runs a program as an unprivileged service user over a directory that user owns, even when the user
 * may not cross the directory's parents (a checkout below /root or a private temporary directory):
 * then the program gets a mount namespace of its own, in which the directory is bound to a place
 * below the runtime directory that everybody may reach.
 */
import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, readdirSync, lstatSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface ServiceUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Looks a user up; undefined when we are not root (then everything runs as ourselves). */
export function serviceUser(name: string): ServiceUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  try {
    const id = (flag: string): number =>
      Number(
        execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
      );
    return { name, uid: id('-u'), gid: id('-g') };
  } catch {
    throw new Error(`There is no user ${name}; its Debian package creates it. Install it again.`);
  }
}

export interface Confinement {
  readonly user: ServiceUser | undefined;
  /** The directory the program works on, as we see it. */
  readonly directory: string;
  /** A directory everybody may cross, on which the program's directory can be bound. */
  readonly bindPoint: string;
  /** The signal the program gets when we die. */
  readonly deathSignal: string;
}

/** The command that runs `argv`; `argv` is built with the directory as the program sees it. */
export function confine(
  { user, directory, bindPoint, deathSignal }: Confinement,
  argv: (directory: string) => readonly string[],
): [string, ...string[]] {
  const death = ['setpriv', '--pdeathsig', deathSignal] as const;
  if (user === undefined) return [...death, '--', ...argv(directory)];
  const ids = ['--reuid', String(user.uid), '--regid', String(user.gid), '--clear-groups'];
  const drop = [...death, ...ids, '--no-new-privs', '--'] as const;
  if (canCross(directory, user)) return [...drop, ...argv(directory)];
  mkdirSync(bindPoint, { recursive: true, mode: 0o755 });
  const script = 'mount --bind "$1" "$2" && shift 2 && exec "$@"';
  const bound = ['sh', '-c', script, 'bind', directory, bindPoint];
  return ['unshare', '--mount', '--propagation', 'private', ...bound, ...drop, ...argv(bindPoint)];
}

/** Whether every parent of a directory lets the user through. */
export function canCross(directory: string, { uid, gid }: ServiceUser): boolean {
  for (let path = dirname(directory); ; path = dirname(path)) {
    const info = statSync(path);
    const shift = info.uid === uid ? 6 : info.gid === gid ? 3 : 0;
    if (((info.mode >> shift) & 1) === 0) return false;
    if (path === dirname(path)) return true;
  }
}

/** Gives a directory and all it holds to the user, when something there is not theirs. */
export function giveTo(user: ServiceUser | undefined, directory: string): void {
  if (user === undefined) return;
  const info = lstatSync(directory);
  if (info.uid !== user.uid || info.gid !== user.gid) chownSync(directory, user.uid, user.gid);
  if (!info.isDirectory()) return;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    // A link would let its target be given away.
    if (!entry.isSymbolicLink()) giveTo(user, join(directory, entry.name));
  }
}
