import { PlayIcon } from '../../../components/icons';
import { mayUseVerb } from '../vmView';
import type { VmAction } from './vmAction';

/** Starts a VM. */
export const startVm: VmAction = {
  id: 'start',
  label: 'Start',
  verb: 'start',
  icon: PlayIcon,
  permission: 'vms:power',
  check: (vm) => mayUseVerb(vm, 'start'),
  confirmation: null,
  isDanger: false,
  hasKeepVolumes: false,
  plan: (gateway, vm) => gateway.plan('startVm', { params: { vmId: vm.id } }),
  run: (gateway, vm) => gateway.call('startVm', { params: { vmId: vm.id } }),
};
