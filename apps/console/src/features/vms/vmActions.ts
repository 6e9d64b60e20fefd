import { deleteVm } from './actions/deleteVm';
import { pauseVm } from './actions/pauseVm';
import { rebootVm } from './actions/rebootVm';
import { resetVm } from './actions/resetVm';
import { resumeVm } from './actions/resumeVm';
import { shutdownVm } from './actions/shutdownVm';
import { startVm } from './actions/startVm';
import { stopVm } from './actions/stopVm';
import type { VmAction } from './actions/vmAction';

/** Every verb of a VM in the order of its menu. */
export const vmActions: readonly VmAction[] = [
  startVm,
  resumeVm,
  shutdownVm,
  rebootVm,
  pauseVm,
  resetVm,
  stopVm,
  deleteVm,
];

/** The verbs that a selection of several VMs offers as buttons. */
export const bulkActions: readonly VmAction[] = [startVm, shutdownVm, stopVm, deleteVm];
