/** What is wrong with a new password, as a sentence; null when it is good. Pure. */
import { PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN } from '@cairn/contracts';

export interface PasswordDraft {
  readonly current: string;
  readonly next: string;
  readonly repeated: string;
}

/** Checks in the order in which the fields are filled. */
export function passwordFault(draft: PasswordDraft): string | null {
  if (draft.current === '') return 'Enter the present password';
  if (draft.next.length < PASSWORD_LENGTH_MIN) {
    return `The new password needs at least ${PASSWORD_LENGTH_MIN} characters`;
  }
  if (draft.next.length > PASSWORD_LENGTH_MAX) {
    return `The new password may have at most ${PASSWORD_LENGTH_MAX} characters`;
  }
  if (draft.next === draft.current) return 'The new password must differ from the present one';
  if (draft.next !== draft.repeated) return 'The repetition differs from the new password';
  return null;
}
