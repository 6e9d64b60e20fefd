import { PlayIcon } from '../../../components/icons';
import { mayUseVerb } from '../vmView';
import type { VmAction } from './vmAction';

/** Lets the vCPUs go on. */
export const resumeVm: VmAction = {
  id: 'resume',
  label: 'Resume',
  verb: 'resume',
  icon: PlayIcon,
  permission: 'vms:power',
  check: (vm) => mayUseVerb(vm, 'resume'),
  confirmation: null,
  isDanger: false,
  hasKeepVolumes: false,
  plan: (gateway, vm) => gateway.plan('resumeVm', { params: { vmId: vm.id } }),
  run: (gateway, vm) => gateway.call('resumeVm', { params: { vmId: vm.id } }),
};
