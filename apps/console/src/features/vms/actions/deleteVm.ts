import { TrashIcon } from '../../../components/icons';
import { mayDelete } from '../vmView';
import type { VmAction, VmActionChoices } from './vmAction';

/** Deletes a VM and, unless they are kept, its volumes. */
export const deleteVm: VmAction = {
  id: 'delete',
  label: 'Delete',
  verb: 'delete',
  icon: TrashIcon,
  permission: 'vms:delete',
  check: mayDelete,
  confirmation: { tone: 'danger', confirmLabel: 'Delete', mustTypeName: true },
  isDanger: true,
  hasKeepVolumes: true,
  plan: (gateway, vm, choices) =>
    gateway.plan('deleteVm', { params: { vmId: vm.id }, query: keepQuery(choices) }),
  run: (gateway, vm, choices) =>
    gateway.call('deleteVm', { params: { vmId: vm.id }, query: keepQuery(choices) }),
};

function keepQuery(choices: VmActionChoices): Readonly<Record<string, string>> {
  return choices.keepVolumes ? { keepVolumes: 'true' } : {};
}
