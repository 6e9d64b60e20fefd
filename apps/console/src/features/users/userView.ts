import type { User } from '@cairn/contracts';

import { allowed, refused, type Permission, type StatusView } from '../../components/tone';

/** The state of an account in a word. */
export function userStatusView(user: Pick<User, 'disabled' | 'mustChangePassword'>): StatusView {
  if (user.disabled) return { label: 'Disabled', tone: 'neutral' };
  if (user.mustChangePassword) {
    return {
      label: 'One-time password',
      tone: 'info',
      detail: 'A password must be chosen at the next log-in.',
    };
  }
  return { label: 'Active', tone: 'success' };
}

/** Nobody locks themselves out. */
export function mayChangeOther(isSelf: boolean): Permission {
  return isSelf ? refused('This is you; ask another administrator') : allowed;
}
