import { SyncIcon } from '../../../components/icons';
import { mayUseVerb } from '../vmView';
import type { VmAction } from './vmAction';

/** Presses the reset button: the guest has no time to write. */
export const resetVm: VmAction = {
  id: 'reset',
  label: 'Reset',
  verb: 'reset',
  icon: SyncIcon,
  permission: 'vms:power',
  check: (vm) => mayUseVerb(vm, 'reset'),
  confirmation: { tone: 'danger', confirmLabel: 'Reset', mustTypeName: false },
  isDanger: true,
  hasKeepVolumes: false,
  plan: (gateway, vm) => gateway.plan('resetVm', { params: { vmId: vm.id } }),
  run: (gateway, vm) => gateway.call('resetVm', { params: { vmId: vm.id } }),
};
