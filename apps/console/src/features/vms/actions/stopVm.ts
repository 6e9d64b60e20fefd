import { PowerOffIcon } from '../../../components/icons';
import { mayUseVerb } from '../vmView';
import type { VmAction } from './vmAction';

/** Cuts the power: what the guest has not written yet is lost. */
export const stopVm: VmAction = {
  id: 'stop',
  label: 'Power off',
  verb: 'power off',
  icon: PowerOffIcon,
  permission: 'vms:power',
  check: (vm) => mayUseVerb(vm, 'stop'),
  confirmation: { tone: 'danger', confirmLabel: 'Power off', mustTypeName: false },
  isDanger: true,
  hasKeepVolumes: false,
  plan: (gateway, vm) => gateway.plan('stopVm', { params: { vmId: vm.id } }),
  run: (gateway, vm) => gateway.call('stopVm', { params: { vmId: vm.id } }),
};
