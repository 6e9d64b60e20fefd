import { PauseIcon } from '../../../components/icons';
import { mayUseVerb } from '../vmView';
import type { VmAction } from './vmAction';

/** Stops the vCPUs; the guest notices nothing but a jump of its clock. */
export const pauseVm: VmAction = {
  id: 'pause',
  label: 'Pause',
  verb: 'pause',
  icon: PauseIcon,
  permission: 'vms:power',
  check: (vm) => mayUseVerb(vm, 'pause'),
  confirmation: null,
  isDanger: false,
  hasKeepVolumes: false,
  plan: (gateway, vm) => gateway.plan('pauseVm', { params: { vmId: vm.id } }),
  run: (gateway, vm) => gateway.call('pauseVm', { params: { vmId: vm.id } }),
};
