/** The shared system, from inside a spec. */
import { inject } from 'vitest';
import { System } from './system';

let shared: System | undefined;

/** The system all specs share. Leave it as you found it: specs run one after the other. */
export function system(): System {
  shared ??= new System(inject('systemAddress'));
  return shared;
}
