import { StopIcon } from '../../../components/icons';
import { mayUseVerb } from '../vmView';
import type { VmAction } from './vmAction';

/** Asks the guest to shut down, as its power button would. */
export const shutdownVm: VmAction = {
  id: 'shutdown',
  label: 'Shut down',
  verb: 'shut down',
  icon: StopIcon,
  permission: 'vms:power',
  check: (vm) => mayUseVerb(vm, 'shutdown'),
  confirmation: { tone: 'warning', confirmLabel: 'Shut down', mustTypeName: false },
  isDanger: false,
  hasKeepVolumes: false,
  plan: (gateway, vm) => gateway.plan('shutdownVm', { params: { vmId: vm.id }, body: {} }),
  run: (gateway, vm) => gateway.call('shutdownVm', { params: { vmId: vm.id }, body: {} }),
};
