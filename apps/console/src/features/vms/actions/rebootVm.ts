import { RedoIcon } from '../../../components/icons';
import { mayUseVerb } from '../vmView';
import type { VmAction } from './vmAction';

/** Asks the guest to reboot. */
export const rebootVm: VmAction = {
  id: 'reboot',
  label: 'Reboot',
  verb: 'reboot',
  icon: RedoIcon,
  permission: 'vms:power',
  check: (vm) => mayUseVerb(vm, 'reboot'),
  confirmation: { tone: 'warning', confirmLabel: 'Reboot', mustTypeName: false },
  isDanger: false,
  hasKeepVolumes: false,
  plan: (gateway, vm) => gateway.plan('rebootVm', { params: { vmId: vm.id } }),
  run: (gateway, vm) => gateway.call('rebootVm', { params: { vmId: vm.id } }),
};
